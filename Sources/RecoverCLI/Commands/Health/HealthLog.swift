internal import Glibc
internal import RecoverBase

/// A file for what the commands of health checks print, outside of any run: its last line is told, and it is gone.
enum HealthLog {
  static func with<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let directory = ProcessEnvironment.value("TMPDIR") ?? "/tmp"
    var template = Array("\(directory)/recover-health-XXXXXX".utf8CString)
    let number = unsafe mkstemp(&template)
    guard number >= 0 else { throw RecoverError.system(.noSpace, "can't make a file in \(directory)") }
    close(number)
    let path = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { unsafe unlink(path) }
    return try await body(path)
  }
}
