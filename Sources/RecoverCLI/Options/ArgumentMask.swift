internal import Glibc

/// Overwrites passwords in this process's own argument vector, so that ps(1) and `/proc/PID/cmdline` stop
/// showing what the user typed.
///
/// The kernel reads the vector from the process's memory, so writing there is enough; mysql(1) does the same.
enum ArgumentMask {
  /// Overwrites the password of every argument that is or holds a URL with one.
  static func hidePasswords() {
    for index in 1..<max(1, Int(CommandLine.argc)) {
      guard let argument = unsafe CommandLine.unsafeArgv[index] else { continue }
      let bytes = unsafe UnsafeMutableBufferPointer(start: argument, count: strlen(argument))
      guard let range = unsafe passwordRange(in: bytes.map { UInt8(bitPattern: $0) }) else { continue }
      for position in range { unsafe bytes[position] = CChar(UInt8(ascii: "x")) }
    }
  }

  /// Where the password stands in `scheme://user:PASSWORD@host`, or in `password=PASSWORD`; nil without one.
  static func passwordRange(in argument: [UInt8]) -> Range<Int>? {
    if let scheme = argument.firstRange(of: Array("://".utf8)) {
      let authority =
        scheme.upperBound..<(argument[scheme.upperBound...].firstIndex(of: UInt8(ascii: "/")) ?? argument.endIndex)
      if let at = argument[authority].lastIndex(of: UInt8(ascii: "@")),
        let colon = argument[authority.lowerBound..<at].firstIndex(of: UInt8(ascii: ":"))
      {
        return colon + 1..<at
      }
    }
    guard let key = argument.firstRange(of: Array("password=".utf8)) else { return nil }
    let ends = Set("& \t".utf8)
    let end = argument[key.upperBound...].firstIndex { ends.contains($0) } ?? argument.endIndex
    return key.upperBound..<end
  }
}
