internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// What the steps of a database recovery have in common: their bindings, their names, their connections.
struct DatabaseWork: Sendable {
  let bindings: DatabaseBindings
  let access: DatabaseAccess
  let run: RunID
  let planHash: Digest
  let host: String

  init(_ context: StepContext, _ drivers: StepDrivers) throws {
    bindings = try context.bindings(DatabaseBindings.self)
    access = try DatabaseAccess(bindings, drivers: drivers, mark: context.mark)
    run = context.run
    planHash = try context.plan.hash()
    host = drivers.host
  }

  /// The name of the run's database of a role.
  func name(of role: SideRole) -> String { SideNames.name(of: role, target: bindings.name, run: run.text) }

  /// The database that is swapped in: the one that was loaded, or the previous one of a run that is undone.
  var enteringName: String {
    bindings.undoes.map { SideNames.name(of: .previous, target: bindings.name, run: $0) } ?? name(of: .side)
  }

  /// What is written into the comment of the run's database of a role.
  ///
  /// - Parameter other: the run that made it, when it was not this one.
  func breadcrumb(
    _ role: SideRole, state: Breadcrumb.State? = nil, run other: String? = nil, retainFor: Duration? = nil
  ) -> Breadcrumb {
    Breadcrumb(
      run: other ?? run.text, host: host, plan: planHash, role: role, target: bindings.name, liveOID: bindings.liveOID,
      state: state, retainUntil: retainFor.map { WallTime.now + $0 },
      undo: role == .previous ? "recover undo \(other ?? run.text)" : "recover cleanup")
  }

  /// Runs blocking work on the maintenance database, on a thread of its own.
  func onMaintenance<Value: Sendable>(
    _ body: @escaping @Sendable (inout Connection, Interruption) throws -> Value
  ) async throws -> Value {
    let (access, server) = (access, bindings.server)
    return try await BlockingThread.run("recover-admin") { interruption in
      var connection = try access.connectToMaintenance(interruption)
      // Every time: a name may lead to another server since the plan was made.
      try ServerIdentity.read(&connection).check(isServer: server)
      return try body(&connection, interruption)
    }
  }
}

extension DatabaseWork {
  /// Runs blocking work in the side database, on a thread of its own.
  ///
  /// - Throws: ``RecoverError`` `drifted` when the server says that there is no such database any more, else what
  ///   connecting and the work throw.
  func onSide<Value: Sendable>(
    _ body: @escaping @Sendable (inout Connection, Interruption) throws -> Value
  ) async throws -> Value {
    let (access, name) = (access, name(of: .side))
    do {
      return try await BlockingThread.run("recover-side") { interruption in
        var connection = try access.connect(to: name, interruption)
        return try body(&connection, interruption)
      }
    } catch let error as RecoverError where error.code == .unreachable {
      // libpq gives no SQLSTATE for what happens before a connection is there; so the server is asked.
      guard try await onMaintenance({ connection, _ in try DatabaseFacts.oid(of: name, &connection) }) == nil else {
        throw error
      }
      throw RecoverError(
        .drifted, "database \(name) is not there any more: somebody dropped or renamed it",
        hint: "what was loaded is gone with it; begin again", underlying: error)
    }
  }
}

extension StepSignature {
  /// The signature of a step without parameters.
  static func database(
    _ uses: String, _ kind: StepKind, isObligation: Bool = false, dischargedBy: [String]? = nil, _ summary: String
  ) -> StepSignature {
    StepSignature(
      uses: uses, kind: kind, isObligation: isObligation, dischargedBy: dischargedBy, summary: summary)
  }
}
