internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport

/// A directory of a test's own, removed with all that is in it when the last reference goes.
final class ScratchDirectory {
  let path: String

  init(below parent: String = "/tmp") throws {
    var template = Array("\(parent)/recover-tree-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw RecoverError.system(.unreachable, "can't make a directory") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    // Directories without rights for their owner stop an ordinary user's rm(1).
    _ = try? TestProcess.run(["chmod", "-R", "u+rwx", path])
    _ = try? TestProcess.run(["rm", "-rf", "--", path])
  }

  func at(_ name: String) -> String { "\(path)/\(name)" }
}
