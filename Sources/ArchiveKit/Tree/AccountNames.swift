internal import CLinux
internal import Glibc

/// The numbers of users and groups by their names, and the other way, each asked of the system once (getpwnam_r(3),
/// getgrnam_r(3), getpwuid_r(3), getgrgid_r(3)).
struct AccountNames {
  private var users: [TarName: UInt32?] = [:]
  private var groups: [TarName: UInt32?] = [:]
  private var userNames: [UInt32: TarName] = [:]
  private var groupNames: [UInt32: TarName] = [:]

  /// Nil where nobody has the name.
  mutating func user(_ name: TarName) -> UInt32? {
    if let known = users[name] { return known }
    let number = Self.number(name, isGroup: false)
    users[name] = .some(number)
    return number
  }

  /// Nil where no group has the name.
  mutating func group(_ name: TarName) -> UInt32? {
    if let known = groups[name] { return known }
    let number = Self.number(name, isGroup: true)
    groups[name] = .some(number)
    return number
  }

  /// The name of a user; empty where the number has none.
  mutating func name(ofUser number: UInt32) -> TarName {
    if let known = userNames[number] { return known }
    let name = Self.name(number, isGroup: false)
    userNames[number] = name
    return name
  }

  mutating func name(ofGroup number: UInt32) -> TarName {
    if let known = groupNames[number] { return known }
    let name = Self.name(number, isGroup: true)
    groupNames[number] = name
    return name
  }

  private static func name(_ number: UInt32, isGroup: Bool) -> TarName {
    var size = 4096
    while size <= 1 << 20 {
      var buffer = [CChar](repeating: 0, count: size)
      var name: UnsafePointer<CChar>?
      let text: [UInt8]?
      let code: Int32
      (code, text) = unsafe buffer.withUnsafeMutableBufferPointer { bytes in
        let code = unsafe recover_account_name(number, isGroup ? 1 : 0, bytes.baseAddress, size, &name)
        guard code == 0, let name = unsafe name else { return (code, nil) }
        return unsafe (code, Array(UnsafeRawBufferPointer(start: name, count: strlen(name))))
      }
      if code != ERANGE { return TarName(text ?? []) }
      size *= 4
    }
    return TarName([])
  }

  /// Asks with more and more room, as large groups need it.
  private static func number(_ name: TarName, isGroup: Bool) -> UInt32? {
    var size = 4096
    while size <= 1 << 20 {
      var buffer = [CChar](repeating: 0, count: size)
      var number: UInt32 = 0
      let code = unsafe recover_account_number(FileName.c(name.bytes), isGroup ? 1 : 0, &buffer, size, &number)
      if code != ERANGE { return code == 0 ? number : nil }
      size *= 4
    }
    return nil
  }
}
