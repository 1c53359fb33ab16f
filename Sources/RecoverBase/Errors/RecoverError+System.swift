internal import Glibc

extension RecoverError {
  /// An error from `errno`, with what the system calls it: `can't open x: no such file or directory`.
  ///
  /// Call it right after the failed call: it reads `errno`.
  package static func system(_ code: Code, _ message: String, hint: String? = nil) -> RecoverError {
    let number = errno
    let code = number == ENOSPC || number == EDQUOT ? .noSpace : code
    return RecoverError(code, "\(message): \(systemMessage(number))", hint: hint)
  }

  /// What strerror(3) calls an error number, in lower case.
  package static func systemMessage(_ number: Int32) -> String {
    guard let text = unsafe strerror(number) else { return "error \(number)" }
    return unsafe String(cString: text).lowercased()
  }
}
