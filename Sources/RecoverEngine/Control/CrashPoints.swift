internal import Glibc
internal import RecoverBase
package import RecoverCore
internal import Synchronization

/// Named points at which the process kills itself, to prove that a crash there loses nothing.
///
/// `RECOVER_CRASH_AT=<point>[:n]` names one, and the n-th time (from 1) that it is reached. docs/crash-points.md
/// lists them. In every build; refused unless the policy says staging or development.
package final class CrashPoints: Sendable {
  private let point: String?
  private let remaining: Atomic<Int>

  /// No point at all.
  package init() {
    point = nil
    remaining = Atomic(0)
  }

  /// The point that an environment variable's value names.
  ///
  /// - Parameter known: every point that the run can come to.
  /// - Throws: ``RecoverError`` `usage` where faults may not be injected, for a point that there is not, or for a bad
  ///   count.
  package init(_ text: String, environment: Environment, known: Set<String>) throws {
    guard environment.allowsFaultInjection else {
      throw RecoverError(
        .usage, "RECOVER_CRASH_AT is refused: the environment is \(environment.rawValue)",
        hint: "fault injection needs a policy that says staging or development")
    }
    let parts = text.split(separator: ":", maxSplits: 1)
    guard let name = parts.first, let count = parts.count == 2 ? Int(parts[1]) : 1, count > 0 else {
      throw RecoverError(
        .usage, "RECOVER_CRASH_AT is not <point>[:n]: \(text)", hint: "for instance load.commit:2, the second commit")
    }
    guard known.contains(String(name)) else {
      throw RecoverError(
        .usage, "RECOVER_CRASH_AT names \(name), and this run comes to no such point",
        hint: NearestName.hint(String(name), among: known) ?? "docs/crash-points.md has the points")
    }
    point = String(name)
    remaining = Atomic(count)
  }

  /// Kills the process, as kill -9 would, when this is the point and the time.
  package func reach(_ name: String) {
    guard let point, point == name else { return }
    if remaining.subtract(1, ordering: .relaxed).newValue == 0 { kill(getpid(), SIGKILL) }
  }
}
