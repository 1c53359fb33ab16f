internal import PostgresKit
internal import RecoverBase
package import RecoverCore
package import RecoverEngine

/// Locks a database on its own server, and a deployment beside its repository; other targets need no lock beyond the
/// lease yet.
package struct DatabaseLocker: TargetLocker {
  private let drivers: StepDrivers

  package init(drivers: StepDrivers) { self.drivers = drivers }

  package func lock(_ plan: Plan, run: RunID, epoch: Int64) async throws -> any HeldTargetLock {
    switch plan.target.kind {
    case .database: break
    case .deployment:
      let bindings = try plan.bindings.decoded(as: ReleaseBindings.self)
      return try RepositoryLock(bindings.gitDirectory, run: run, host: drivers.host)
    case .tree, .custom: return UnlockedTarget()
    }
    let bindings = try plan.bindings.decoded(as: DatabaseBindings.self)
    let access = try DatabaseAccess(bindings, drivers: drivers, mark: "recover/\(run.text)/\(epoch)")
    return HeldDatabaseLock(
      lock: try await BlockingThread.run("recover-lock") { interruption in
        // Before anything is done: a run that is resumed may meet another server under the same name.
        var connection = try access.connectToMaintenance(interruption)
        try ServerIdentity.read(&connection).check(isServer: bindings.server)
        return try AdvisoryLock.take(
          access.maintenanceSettings, database: bindings.name, systemIdentifier: bindings.server.systemIdentifier)
      })
  }
}

/// A target that only the lease protects.
private struct UnlockedTarget: HeldTargetLock {
  func isHeld() async -> Bool { true }
  func release() async {}
}

/// An advisory lock that is held for a run.
private struct HeldDatabaseLock: HeldTargetLock {
  let lock: AdvisoryLock

  func isHeld() async -> Bool {
    let lock = lock
    return (try? await BlockingThread.run("recover-lock") { _ in lock.isHeld() }) ?? false
  }

  func release() async {
    let lock = lock
    _ = try? await BlockingThread.run("recover-lock") { _ in lock.release() }
  }
}
