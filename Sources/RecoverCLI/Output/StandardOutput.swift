internal import Glibc
internal import RecoverBase

/// What the command answers: one write(2) a line, so that lines of several processes never mix.
enum StandardOutput {
  static func write(_ line: String) { writeAll(line + "\n", to: STDOUT_FILENO) }

  /// Writes text without ending the line.
  static func writeRaw(_ text: String) { writeAll(text, to: STDOUT_FILENO) }
}

/// What is said beside the answer: errors, hints, progress.
enum ErrorOutput {
  static func write(_ line: String) { writeAll(line + "\n", to: STDERR_FILENO) }

  /// Writes an error as people read it: what failed, and a hint.
  static func write(_ error: RecoverError, isVerbose: Bool) {
    write("error: \(error.message)")
    if let hint = error.hint { write("hint: \(hint)") }
    if isVerbose, let underlying = error.underlying { write("caused by: \(underlying)") }
  }
}

private func writeAll(_ text: String, to descriptor: Int32) {
  var bytes = Array(text.utf8)[...]
  while !bytes.isEmpty {
    let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if count < 0 {
      if errno == EINTR || errno == EAGAIN { continue }
      return
    }
    bytes = bytes.dropFirst(count)
  }
}
