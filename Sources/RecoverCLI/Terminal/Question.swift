internal import Glibc
internal import RecoverBase

/// Asks the person at the terminal, not whatever standard input is.
enum Question {
  /// Whether there is a terminal, and asking is allowed.
  static func canBeAsked(_ global: GlobalOptions) -> Bool {
    guard !global.noInput, !global.json, let terminal = unsafe fopen("/dev/tty", "r+") else { return false }
    unsafe fclose(terminal)
    return true
  }

  /// The answer, without its newline.
  ///
  /// - Parameter otherwise: how to confirm where nobody can be asked.
  /// - Throws: ``RecoverError`` `notConfirmed` there.
  static func ask(_ question: String, _ global: GlobalOptions, otherwise: String) throws -> String {
    guard !global.noInput, !global.json, let terminal = unsafe fopen("/dev/tty", "r+") else {
      throw RecoverError(
        .notConfirmed, "nobody can be asked; nothing was changed", hint: otherwise)
    }
    defer { unsafe fclose(terminal) }
    // Until the run begins there is nothing to pause.
    signal(SIGINT) { _ in
      let text: StaticString = "\nnothing was changed\n"
      _ = unsafe Glibc.write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount)
      _exit(130)
    }
    defer { signal(SIGINT, SIG_DFL) }
    unsafe fputs(question, terminal)
    unsafe fflush(terminal)
    var buffer = [CChar](repeating: 0, count: 256)
    guard unsafe fgets(&buffer, Int32(buffer.count), terminal) != nil else { return "" }
    return String(decoding: buffer.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
