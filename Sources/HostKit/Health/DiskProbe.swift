internal import CLinux
internal import Glibc
package import RecoverBase

/// Passes while a file system has room left: bytes and inodes, as an ordinary user may use them (statvfs(3)).
package struct DiskProbe: ProbeDriver {
  private let path: String
  private let usedPercent: Int
  private let inodesPercent: Int
  private let free: ByteCount?

  /// - Parameters:
  ///   - path: anything on the file system.
  ///   - usedPercent: the most that may be used of its bytes, 1...100, as df(1) tells it.
  ///   - inodesPercent: the same of its inodes; file systems that have no fixed number of them pass.
  ///   - free: the least that has to be free; nil for any.
  package init(path: String, usedPercent: Int = 90, inodesPercent: Int = 90, free: ByteCount? = nil) {
    self.path = path
    self.usedPercent = usedPercent
    self.inodesPercent = inodesPercent
    self.free = free
  }

  package func check(_ deadline: Deadline) async -> HealthResult {
    do {
      return try await BlockingThread.run("recover-disk") { _ in judge(try Room.read(path)) }
    } catch let error as RecoverError {
      return .unknown(error.message)
    } catch {
      return .unknown("\(path): \(error)")
    }
  }

  /// What is used and free.
  struct Room: Hashable {
    var usedBytes: Int64
    var freeBytes: Int64
    var usedInodes: Int64
    var freeInodes: Int64

    static func read(_ path: String) throws -> Room {
      let number = unsafe open(path, recover_path_only | O_CLOEXEC)
      guard number >= 0 else { throw RecoverError.system(.unreachable, "can't look at \(path)") }
      let descriptor = Descriptor(owning: number)
      var room = Room(usedBytes: 0, freeBytes: 0, usedInodes: 0, freeInodes: 0)
      guard
        unsafe recover_usage(
          descriptor.number, &room.usedBytes, &room.freeBytes, &room.usedInodes, &room.freeInodes) == 0
      else { throw RecoverError.system(.unreachable, "can't ask for the room at \(path)") }
      return room
    }
  }

  func judge(_ room: Room) -> HealthResult {
    let bytes = Self.percent(room.usedBytes, room.freeBytes)
    if bytes > usedPercent {
      return .unhealthy("\(path): \(bytes) % of the bytes are used, and not at most \(usedPercent) %")
    }
    let inodes = Self.percent(room.usedInodes, room.freeInodes)
    if inodes > inodesPercent {
      return .unhealthy("\(path): \(inodes) % of the inodes are used, and not at most \(inodesPercent) %")
    }
    if let free, room.freeBytes < free.bytes {
      return .unhealthy("\(path): \(ByteCount(room.freeBytes)) are free, and not at least \(free)")
    }
    return .healthy
  }

  /// What is used of both, rounded up as df(1) does.
  private static func percent(_ used: Int64, _ free: Int64) -> Int {
    let whole = used + free
    return whole > 0 ? Int((Double(used) * 100 / Double(whole)).rounded(.up)) : 0
  }
}
