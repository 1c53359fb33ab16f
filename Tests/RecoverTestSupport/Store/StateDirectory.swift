internal import FoundationEssentials
internal import Glibc
internal import RecoverBase

/// A fresh directory under the system's temporary one, which goes with its last reference.
package final class StateDirectory: Sendable {
  package let path: String

  package init() throws {
    var template = Array("/tmp/recover-test-XXXXXX".utf8CString)
    let made = unsafe template.withUnsafeMutableBufferPointer { buffer -> String? in
      guard let base = buffer.baseAddress, let name = unsafe mkdtemp(base) else { return nil }
      return unsafe String(cString: name)
    }
    guard let made else { throw RecoverError.system(.bug, "can't make a temporary directory") }
    path = made
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}
