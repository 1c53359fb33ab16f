internal import Glibc
internal import RecoverBase

/// What reading a file of /proc gave.
enum ProcFile: Hashable {
  case content([UInt8])
  /// The process is gone, or so hidden that it can't be told from one that is (`hidepid`).
  case absent
  /// It exists, and we may not look at it.
  case denied

  /// Reads a whole file whose size proc(5) does not tell, up to `limit` bytes.
  static func read(_ path: String, limit: Int = 8 << 20) -> ProcFile {
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { return errno == EACCES || errno == EPERM ? .denied : .absent }
    let descriptor = Descriptor(owning: number)
    var content: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 8192)
    while content.count < limit {
      let count = unsafe Glibc.read(descriptor.number, &buffer, buffer.count)
      if count < 0 {
        if errno == EINTR { continue }
        return errno == EACCES || errno == EPERM ? .denied : .absent
      }
      guard count > 0 else { break }
      content += buffer.prefix(count)
    }
    return .content(content)
  }

  /// What a link of /proc leads to; not followed.
  static func link(_ path: String) -> ProcFile {
    // A path of the kernel has at most a page.
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = unsafe readlink(path, &buffer, buffer.count)
    guard count >= 0 else { return errno == EACCES || errno == EPERM ? .denied : .absent }
    return .content(buffer.prefix(count).map { UInt8(bitPattern: $0) })
  }

  /// The pids of every process that can be seen, in no order.
  ///
  /// - Throws: ``RecoverError`` `missingRequirement` where /proc is not there.
  static func pids() throws -> [Int32] { try numbers(in: "/proc") }

  /// The names in a directory of /proc that are numbers, in no order.
  ///
  /// - Throws: ``RecoverError`` `missingRequirement` where it can't be read.
  static func numbers(in path: String, from least: Int32 = 1) throws -> [Int32] {
    guard let directory = unsafe opendir(path) else {
      throw RecoverError.system(.missingRequirement, "can't list \(path)", hint: "mount proc(5) on /proc")
    }
    defer { unsafe closedir(directory) }
    var numbers: [Int32] = []
    while let entry = unsafe readdir(directory) {
      let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) {
        unsafe $0.withMemoryRebound(to: CChar.self, capacity: 256) { unsafe String(cString: $0) }
      }
      if let number = Int32(name), number >= least { numbers.append(number) }
    }
    return numbers
  }
}
