internal import PostgresKit
internal import RecoverBase
internal import RecoverCore

/// What an inspection asks the server: whether it is the right one, has what the dump needs, and lets us.
struct ServerInspection: Sendable {
  let work: DatabaseWork
  let choice: DumpChoice
  /// What the run itself makes before it is needed.
  var promised = Globals()

  /// What was found and is no reason to refuse.
  struct Findings: Sendable {
    var live: DatabaseFacts?
    /// How the new database is made, where there is no live one to be like.
    var creation = DatabaseCreation.serverDefaults
    var warnings: [String] = []
    var differences: [TableDifference] = []
    /// Nil where the live database was not looked into.
    var agreeingTables: Int?
  }

  /// - Throws: ``RecoverError`` `wrongTarget`, `missingRequirement`, `noSpace`, `claimed`, `drifted`.
  func examine(_ connection: inout Connection, _ interruption: Interruption) throws -> Findings {
    let identity = try ServerIdentity.read(&connection)
    guard !identity.isInRecovery else {
      throw RecoverError(
        .wrongTarget, "the server is a standby: it can't be written to", hint: "name the primary in the URL")
    }
    let pooling = try Pooling.detect(work.access.maintenanceSettings, interruption: interruption)
    let live = try liveFacts(&connection)
    var findings = Findings(live: live, creation: try creation(&connection))
    if findings.live?.allowsConnections == false {
      findings.warnings.append("the live database lets nobody in (ALLOW_CONNECTIONS false); the restored one will")
    }
    try work.refuseOtherRuns(&connection)
    let account = try Account.read(&connection)
    try checkRequirements(account, findings.live, &connection, interruption)
    findings.warnings += try checkObstacles(findings, pooling, &connection)
    findings.warnings += try checkSpace(findings.live, identity, &connection)
    let loss = try LossInspection(work: work, choice: choice).examine(findings.live, interruption)
    findings.differences = loss.differences
    findings.agreeingTables = loss.agreeing
    findings.warnings += loss.warnings
    return findings
  }

  private func liveFacts(_ connection: inout Connection) throws -> DatabaseFacts? {
    let facts = try DatabaseFacts.read(work.bindings.name, &connection)
    guard facts?.oid == work.bindings.liveOID else {
      throw RecoverError(
        .drifted, "database \(work.bindings.name) was made, replaced or dropped since the plan was made",
        hint: "look at it, and plan again")
    }
    return facts
  }

  /// As the dump says; else like the database that the new one is to be beside.
  private func creation(_ connection: inout Connection) throws -> DatabaseCreation {
    if let stated = choice.statedCreation { return stated }
    let like = try work.bindings.likeDatabase.flatMap { try DatabaseFacts.read($0, &connection) }
    return like.map(DatabaseCreation.init(like:)) ?? .serverDefaults
  }

  /// What the swap would fail at is refused now; what it cuts off is said.
  private func checkObstacles(
    _ findings: Findings, _ pooling: Pooling, _ connection: inout Connection
  ) throws -> [String] {
    let live = findings.live
    let creation = live.map(DatabaseCreation.init(like:)) ?? findings.creation
    let inspection = try SwapInspection.look(
      at: live, creation: creation, pooling: pooling, expectedWAL: ByteCount(choice.dataBytes * 2), &connection)
    if let first = inspection.refusals.first {
      throw RecoverError(
        .missingRequirement, inspection.refusals.map(\.message).joined(separator: "; "), hint: first.hint)
    }
    if work.bindings.inPlace != nil {
      try InPlaceInspection.refuseWhatIsLost(inspection.obstacles, database: work.bindings.name)
    }
    let sessions = inspection.sessions.prefix(5)
      .map { "\($0.count) of \($0.application.isEmpty ? "unnamed programs" : $0.application) as \($0.user)" }
    let cut = sessions.isEmpty ? [] : ["the swap ends the sessions of \(sessions.joined(separator: ", "))"]
    return inspection.obstacles.map(\.message) + cut
  }

  private func checkRequirements(
    _ account: Account, _ live: DatabaseFacts?, _ connection: inout Connection, _ interruption: Interruption
  ) throws {
    var needs = choice.requirements
    needs.roles.subtract(promised.roles)
    needs.tablespaces.subtract(promised.tablespaces)
    var unmet: [UnmetRequirement] = []
    // Where an administrator does the rest, it is another role that loads and gives objects to their owners.
    if work.bindings.adminURL != nil {
      let owners = Requirements(owners: needs.owners)
      needs.owners = []
      if let live, var loading = try? work.access.connect(to: live.name, interruption) {
        unmet = try owners.unmet(Account.read(&loading), &loading)
      }
    }
    unmet = try needs.unmet(account, &connection) + unmet
    guard let first = unmet.first else { return }
    let shown = unmet.prefix(10).map(\.message).joined(separator: "; ")
    let more = unmet.count > 10 ? "; and \(unmet.count - 10) more" : ""
    throw RecoverError(.missingRequirement, shown + more, hint: first.hint)
  }

  /// What the disk can take: in place the live database makes room.
  private func room(_ free: ByteCount, _ live: DatabaseFacts?) -> ByteCount {
    guard work.bindings.inPlace != nil, let size = live?.sizeBytes else { return free }
    return ByteCount(free.bytes + size)
  }

  /// The data alone has to fit; indexes come on top, so that little more than that is worth a word.
  func checkSpace(
    _ live: DatabaseFacts?, _ identity: ServerIdentity, _ connection: inout Connection
  ) throws -> [String] {
    let needed = ByteCount(choice.dataBytes)
    let space: ByteCount
    if let stated = work.bindings.freeDisk {
      space = room(stated, live)
    } else {
      switch try DiskSpace.look(tablespace: live?.tablespace, identity: identity, &connection) {
      case .known(let free, _): space = room(free, live)
      case .unknown(let reason): return ["free disk can't be seen: \(reason); free-disk in the policy can tell it"]
      }
    }
    guard space > needed else {
      throw RecoverError(
        .noSpace, "the server's disk has \(space) free, the data alone takes \(needed)",
        hint: work.bindings.inPlace == nil
          ? "free space on the server; both copies exist side by side until the retention ends, or see --in-place"
          : "free space on the server; that counts the live database as dropped")
    }
    guard space.bytes < needed.bytes * 3 else { return [] }
    return ["the server's disk has \(space) free for \(needed) of data and its indexes"]
  }
}
