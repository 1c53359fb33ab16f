internal import PostgresKit
internal import RecoverBase
package import RecoverCore
package import RecoverEngine

/// Locks what a run acts on: a database on its own server, a tree by a file beside it, a deployment by one in its
/// repository; other targets need no lock beyond the lease.
package struct StepTargetLocker: TargetLocker {
  private let drivers: StepDrivers

  package init(drivers: StepDrivers) { self.drivers = drivers }

  package func lock(_ plan: Plan, run: RunID, epoch: Int64) async throws -> any HeldTargetLock {
    switch plan.target.kind {
    case .database: return try await lockDatabase(plan, run, epoch)
    case .tree:
      let (home, host) = (try plan.bindings.decoded(as: FilesBindings.self).home, drivers.host)
      return try await BlockingThread.run("recover-lock") { _ in try TreeLock.take(home, run: run.text, host: host) }
    case .deployment:
      let bindings = try plan.bindings.decoded(as: ReleaseBindings.self)
      return try RepositoryLock(bindings.gitDirectory, run: run, host: drivers.host)
    case .custom: return UnlockedTarget()
    }
  }

  private func lockDatabase(_ plan: Plan, _ run: RunID, _ epoch: Int64) async throws -> HeldDatabaseLock {
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
