internal import PostgresKit
internal import RecoverBase
package import RecoverCore

/// Resolves a request into the plan of a database recovery: asks the server who it is, changes nothing.
package struct DatabasePlanner: Sendable {
  private let policy: Policy
  private let drivers: StepDrivers

  package init(policy: Policy, drivers: StepDrivers) {
    self.policy = policy
    self.drivers = drivers
  }

  /// The plan for a request, with the steps of a procedure.
  ///
  /// Blocking work runs on a thread of its own.
  ///
  /// - Throws: ``RecoverError`` `unreachable` and its like when the server can't be asked.
  package func plan(_ request: DatabaseRequest, at address: DatabaseAddress, procedure: Procedure) async throws -> Plan
  {
    let found = try await BlockingThread.run("plan") { interruption in
      try look(at: address, interruption)
    }
    let bindings = try bindings(request, at: address, found)
    let target = Target(
      kind: .database, identity: "\(found.server.systemIdentifier)/\(address.name)", name: address.name)
    var ordered = ServeOrder.arrange(procedure, for: bindings.serve)
    if request.withRoles { ordered = Self.makingRoles(ordered) }
    return try Planner(templates: StepLibrary.templates)
      .plan(ordered, target: target, environment: policy.environment, bindings: try JSONValue(encoding: bindings))
  }

  /// What the server says of itself and of the live database.
  private struct Found: Sendable {
    var server: ServerIdentity
    var maintenanceDatabase: String
    var liveOID: UInt32?
    var limits: ServerLimits
  }

  private func look(at address: DatabaseAddress, _ interruption: Interruption) throws -> Found {
    let access = try DatabaseAccess(
      url: address.policy.url, adminURL: address.policy.adminURL,
      maintenanceDatabase: address.policy.maintenanceDatabase, passwordFile: address.policy.passwordFile,
      drivers: drivers, mark: "recover/plan")
    var connection = try access.connectToMaintenance(interruption)
    guard connection.database != address.name else {
      throw RecoverError(
        .usage, "the database \(address.name) is the maintenance database itself",
        hint: "name another one in the policy: maintenance-database")
    }
    let oid = try connection.value("SELECT oid FROM pg_catalog.pg_database WHERE datname = $1", [address.name])
    return Found(
      server: try ServerIdentity.read(&connection), maintenanceDatabase: connection.database,
      liveOID: oid.flatMap(UInt32.init), limits: try ServerLimits.read(&connection))
  }

  private func bindings(_ request: DatabaseRequest, at address: DatabaseAddress, _ found: Found) throws
    -> DatabaseBindings
  {
    let database = address.policy
    let serve = request.exchange == nil ? request.serve ?? database.serve : .all
    if request.exchange != nil { try Self.checkExchange(address.name, found, request) }
    if request.newLike != nil { try Self.checkNew(address.name, found) }
    if request.inPlace != nil { try Self.checkInPlace(address.name, found, serve) }
    return DatabaseBindings(
      name: address.name, url: database.url, adminURL: database.adminURL,
      maintenanceDatabase: found.maintenanceDatabase, passwordFile: database.passwordFile, server: found.server,
      liveOID: found.liveOID, backup: request.backup,
      publicKey: request.takesUnsigned ? nil : request.publicKey ?? database.publicKey, inPlace: request.inPlace,
      exchange: request.exchange, segment: request.segment, selection: request.selection,
      likeDatabase: request.newLike, withRoles: request.withRoles ? true : nil,
      tuning: request.exchange == nil
        ? LoadTuning(found.limits, wanted: request.jobs, cores: Machine.coreCount) : nil, serve: serve,
      keepPrevious: database.keepPrevious, keepFailed: database.keepFailed, assertions: database.assertions,
      freeDisk: database.freeDisk, hooks: database.afterRestore,
      services: try database.services.map { NamedService(name: $0, policy: try policy.service(named: $0)) },
      health: try database.health.map { name in
        try NamedHealth(name: name, policy: try policy.healthCheck(named: name), in: policy)
      })
  }
}

extension DatabasePlanner {
  /// The procedure with a step that makes roles as soon as the backup was found good.
  private static func makingRoles(_ procedure: Procedure) -> Procedure {
    var changed = procedure
    let inspection = procedure.steps.firstIndex { $0.uses == "database.inspect" }
    changed.steps.insert(
      ProcedureStep(id: "roles", uses: "database.create-roles"), at: inspection.map { $0 + 1 } ?? 0)
    return changed
  }

  private static func checkExchange(_ name: String, _ found: Found, _ request: DatabaseRequest) throws {
    guard found.liveOID != nil else {
      throw RecoverError(
        .usage, "there is no database \(name) whose tables could be replaced",
        hint: "--into NAME restores the tables to a new database")
    }
    guard request.serve == nil, request.jobs == nil, !request.withRoles, request.inPlace == nil else {
      throw RecoverError(
        .usage, "--serve, --jobs, --in-place and --with-roles are not for single tables of the live database",
        hint: "it serves all the while, and nothing is stopped: leave them out")
    }
  }

  /// A name for a new database that is taken, or can't be one.
  private static func checkNew(_ name: String, _ found: Found) throws {
    guard (1...63).contains(name.utf8.count) else {
      throw RecoverError(
        .usage, "a database's name has 1 to 63 bytes, not \(name.utf8.count)", hint: "give --into a shorter one")
    }
    guard found.liveOID == nil else {
      throw RecoverError(
        .usage, "database \(name) exists already: --into makes a new one",
        hint: "give --into another name; without --into the live database of --database is replaced")
    }
  }

  private static func checkInPlace(_ name: String, _ found: Found, _ serve: ServeMode) throws {
    guard found.liveOID != nil else {
      throw RecoverError(
        .usage, "there is no database \(name): --in-place has nothing to drop", hint: "leave --in-place out")
    }
    guard serve == .none else {
      throw RecoverError(
        .usage, "--in-place can't serve \(serve.rawValue) meanwhile: the live database is dropped before the load",
        hint: "use --serve none")
    }
  }
}

/// Where services stop and the live database is closed, for each of the ways to serve meanwhile.
package enum ServeOrder {
  /// Moves the steps that stop and close things to where the mode wants them.
  ///
  /// `none`: as the procedure says. `read-only`: services go on, on a database that refuses writes, and stop for
  /// the swap. `all`: services go on, and both stop and fence come just before the swap.
  package static func arrange(_ procedure: Procedure, for serve: ServeMode) -> Procedure {
    let moved: Set<String>
    switch serve {
    case .none: return procedure
    case .readOnly: moved = ["services.stop"]
    case .all: moved = ["services.stop", "database.fence"]
    }
    guard let swap = procedure.steps.firstIndex(where: { $0.uses == "database.swap" }) else { return procedure }
    var arranged = procedure
    let early = procedure.steps[..<swap]
    arranged.steps =
      early.filter { !moved.contains($0.uses) } + early.filter { moved.contains($0.uses) }
      + Array(procedure.steps[swap...])
    return arranged
  }
}

extension NamedHealth {
  /// A check of the policy, with the address of the database that it asks.
  init(name: String, policy check: HealthPolicy, in policy: Policy) throws {
    self.init(name: name, policy: check)
    if case .group(let group) = check.probe {
      members = try group.members.map { member in
        let found = try policy.healthCheck(named: member.check)
        if case .group = found.probe {
          throw RecoverError(
            .policyInvalid, "health check \(name) is a group and names \(member.check), which is one as well")
        }
        return try NamedHealth(name: member.check, policy: found, in: policy)
      }
    }
    guard case .postgres(let probe) = check.probe else { return }
    let database = try policy.database(named: probe.database)
    databaseURL = try ConnectionSettings(database.url).redactedURL
    passwordFile = database.passwordFile
  }
}
