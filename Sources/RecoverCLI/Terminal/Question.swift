internal import Glibc
internal import RecoverBase

/// Asks the person at the terminal, not whatever standard input is.
enum Question {
  /// The answer, without its newline.
  ///
  /// - Throws: ``RecoverError`` `notConfirmed` where nobody can be asked.
  static func ask(_ question: String, _ global: GlobalOptions) throws -> String {
    guard !global.noInput, let terminal = unsafe fopen("/dev/tty", "r+") else {
      throw RecoverError(
        .notConfirmed, "there is no terminal to ask at; nothing was changed",
        hint: "confirm on the command line: --yes, or --confirm NAME in production")
    }
    defer { unsafe fclose(terminal) }
    unsafe fputs(question, terminal)
    unsafe fflush(terminal)
    var buffer = [CChar](repeating: 0, count: 256)
    guard unsafe fgets(&buffer, Int32(buffer.count), terminal) != nil else { return "" }
    return String(decoding: buffer.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
