internal import FoundationEssentials
internal import Glibc
internal import RecoverBase

/// What the process was started with.
enum ProcessEnvironment {
  /// An environment variable; nil when it is not set or empty.
  static func value(_ name: String) -> String? {
    guard let text = unsafe getenv(name) else { return nil }
    let value = unsafe String(cString: text)
    return value.isEmpty ? nil : value
  }

  /// The values of variables whose names say that they are secret.
  static var secrets: [String] { SecretMask.secrets(in: ProcessInfo.processInfo.environment) }

  /// The current directory, absolute.
  static var currentDirectory: String {
    guard let text = unsafe getcwd(nil, 0) else { return "/" }
    defer { unsafe free(text) }
    return unsafe String(cString: text)
  }

  /// The name of the user, for the journal.
  static var userName: String {
    if let user = value("SUDO_USER") ?? value("USER") { return user }
    return accountName(of: getuid()) ?? "uid \(getuid())"
  }

  /// What the user database calls a uid (getpwuid_r(3)).
  private static func accountName(of uid: uid_t) -> String? {
    var buffer = [CChar](repeating: 0, count: 16_384)
    var entry = unsafe passwd()
    var found: UnsafeMutablePointer<passwd>?
    guard unsafe getpwuid_r(uid, &entry, &buffer, buffer.count, &found) == 0, unsafe found != nil,
      let name = unsafe entry.pw_name
    else { return nil }
    return unsafe String(cString: name)
  }

  static var hostName: String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard unsafe gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}
