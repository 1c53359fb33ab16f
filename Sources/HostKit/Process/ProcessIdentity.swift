internal import Glibc
internal import RecoverBase

/// Which process it is, so that it can be found again and told from another one that reused its pid.
///
/// It holds for the host and the pid namespace in which it was read.
package struct ProcessIdentity: Sendable, Hashable, Codable {
  package var pid: Int32
  /// Clock ticks from boot to the process's start (proc(5), field 22 of stat).
  package var startTime: UInt64
  /// The kernel's boot id: after a reboot no process of before exists.
  package var bootID: String

  package init(pid: Int32, startTime: UInt64, bootID: String) {
    self.pid = pid
    self.startTime = startTime
    self.bootID = bootID
  }

  /// This process.
  ///
  /// - Throws: ``RecoverError`` `missingRequirement` where /proc is not there.
  package static func current() throws -> ProcessIdentity {
    guard let identity = try read(getpid()) else {
      throw RecoverError(
        .missingRequirement, "can't read /proc/\(getpid())/stat", hint: "mount proc(5) on /proc")
    }
    return identity
  }

  /// The process that has a pid now; nil when there is none that can be seen, or only a zombie.
  package static func read(_ pid: Int32) throws -> ProcessIdentity? {
    guard let stat = ProcessStat.read(pid), !stat.isGone else { return nil }
    return ProcessIdentity(pid: pid, startTime: stat.startTime, bootID: try currentBootID())
  }

  /// Whether the process still runs: in this boot, and not another one with its pid.
  ///
  /// A zombie does not. A process of somebody else that /proc hides counts as running: it can't be told, and
  /// acting beside it would be worse than waiting.
  package var isAlive: Bool {
    if let boot = try? Self.currentBootID(), boot != bootID { return false }
    guard let stat = ProcessStat.read(pid) else { return kill(pid, 0) < 0 && errno == EPERM }
    return stat.startTime == startTime && !stat.isGone
  }

  /// The id of the boot that the machine is in (random(4)).
  ///
  /// - Throws: ``RecoverError`` `missingRequirement` where /proc is not there.
  package static func currentBootID() throws -> String {
    guard let bootID else {
      throw RecoverError(
        .missingRequirement, "can't read /proc/sys/kernel/random/boot_id", hint: "mount proc(5) on /proc")
    }
    return bootID
  }

  private static let bootID: String? = {
    guard case .content(let bytes) = ProcFile.read("/proc/sys/kernel/random/boot_id"), !bytes.isEmpty else {
      return nil
    }
    return String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }()
}

extension ProcessIdentity: CustomStringConvertible {
  package var description: String { "pid \(pid)" }
}
