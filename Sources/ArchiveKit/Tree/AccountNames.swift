internal import CLinux
internal import Glibc

/// The numbers of users and groups by their names, each asked of the system once (getpwnam_r(3), getgrnam_r(3)).
struct AccountNames {
  private var users: [TarName: UInt32?] = [:]
  private var groups: [TarName: UInt32?] = [:]

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
