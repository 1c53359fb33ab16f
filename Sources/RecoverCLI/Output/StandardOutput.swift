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
  static func write(_ error: RecoverError, isVerbose: Bool, place: CommandPlace) {
    write("error: \(TerminalText.safe(error.message, keepsLines: true))")
    if let hint = error.hint { write("hint: \(TerminalText.safe(place.placed(hint), keepsLines: true))") }
    if isVerbose, let underlying = error.underlying {
      write("caused by: \(TerminalText.safe("\(underlying)", keepsLines: true))")
    }
  }
}

/// Writes all of a text, and gives up silently when nobody reads any more.
private func writeAll(_ text: String, to descriptor: Int32) {
  var bytes = Array(text.utf8)[...]
  while !bytes.isEmpty {
    let count = unsafe bytes.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
    if count < 0 {
      switch errno {
      case EINTR: break
      case EAGAIN: waitUntilWritable(descriptor)
      default: return
      }
    } else {
      bytes = bytes.dropFirst(count)
    }
  }
}

/// Waits for a pipe that somebody made non-blocking.
private func waitUntilWritable(_ descriptor: Int32) {
  var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
  _ = unsafe poll(&request, 1, -1)
}
