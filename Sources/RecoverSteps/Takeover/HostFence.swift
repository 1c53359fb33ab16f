internal import HostKit
internal import PostgresKit
package import RecoverBase
package import RecoverCore
package import RecoverEngine

/// Ends what a dead, stopped or hung runner left on this host and in the database's server.
package struct HostFence: Fence {
  private let drivers: StepDrivers
  /// From SIGTERM to SIGKILL, for children of a runner that is gone.
  private static let grace = Duration.seconds(5)
  /// How long ended sessions may take to go.
  private static let sessionLimit = Duration.seconds(30)

  package init(drivers: StepDrivers) { self.drivers = drivers }

  package func endPredecessor(
    _ owner: RunnerIdentity?, children: [JSONValue], run: RunID, plan: Plan, epoch: Int64
  ) async throws {
    let started = try children.map { try $0.decoded(as: StartedChild.self) }
    try await BlockingThread.run("recover-fence") { interruption in
      if let owner, owner.host == drivers.host { try Self.endRunner(owner) }
      _ = try ProcessTree.end(SurvivorSearch(takeoverOf: run.text, children: started), grace: Self.grace)
      if epoch > 1, plan.target.kind == .database {
        try endSessions(of: run, plan: plan, before: epoch, interruption)
      }
    }
  }

  private static func endRunner(_ owner: RunnerIdentity) throws {
    try ProcessTree.endRunner(ProcessIdentity(pid: owner.pid, startTime: owner.startTime, bootID: owner.bootID))
  }

  /// Ends the sessions that older epochs of the run left on the server.
  private func endSessions(of run: RunID, plan: Plan, before epoch: Int64, _ interruption: Interruption) throws {
    let bindings = try plan.bindings.decoded(as: DatabaseBindings.self)
    let access = try DatabaseAccess(bindings, drivers: drivers, mark: "recover/\(run.text)/\(epoch)")
    var connection = try access.connectToMaintenance(interruption)
    // On another server nothing would be found, and nothing proved.
    try ServerIdentity.read(&connection).check(isServer: bindings.server)
    try Sessions.endEarlierEpochs(of: run.text, before: epoch, &connection, until: .after(Self.sessionLimit))
  }
}
