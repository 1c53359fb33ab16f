package import RecoverBase

/// Finding and dropping the databases whose retention has ended.
package enum Cleanup {
  /// What may be done with a database of ours.
  package enum Standing: Sendable, Hashable, Codable {
    /// Its retention has ended.
    case due
    case kept(until: WallTime)
    /// Its run needs it, or was never finished: the run's state decides, not a date.
    case ofRun
  }

  package struct Item: Sendable, Hashable, Codable {
    package var database: MarkedDatabase
    package var standing: Standing
  }

  /// Every database of ours on the server, and whether it may go.
  package static func survey(at time: WallTime = .now, _ connection: inout Connection) throws -> [Item] {
    try MarkedDatabase.list(&connection).map { Item(database: $0, standing: standing($0.breadcrumb, at: time)) }
  }

  /// Drops one that was listed.
  ///
  /// Everything is looked at again: it must be the same database with the same breadcrumb, and due unless `isAbandoned`.
  ///
  /// - Parameter isAbandoned: the caller knows that the run of a side database is over for good.
  /// - Returns: whether it was there.
  /// - Throws: ``RecoverError``: `checkFailed` when it is not due, or is the only copy that is left of its target;
  ///   `wrongTarget` when it changed; `busy` when something holds it.
  @discardableResult
  package static func drop(
    _ database: MarkedDatabase, isAbandoned: Bool = false, at time: WallTime = .now, _ connection: inout Connection,
    until deadline: Deadline
  ) throws -> Bool {
    let side = SideDatabase(name: database.name, run: database.breadcrumb.run)
    let breadcrumb: Breadcrumb
    switch try side.probe(&connection) {
    case .absent: return false
    case .broken(let oid) where oid == database.oid: breadcrumb = database.breadcrumb
    case .ours(let oid, let found) where oid == database.oid: breadcrumb = found
    case .broken, .ours, .unmarked, .foreign:
      throw RecoverError(
        .wrongTarget, "database \(database.name) is not the one that was listed",
        hint: "list again; nothing was dropped")
    }
    switch standing(breadcrumb, at: time) {
    case .due: break
    case .ofRun where isAbandoned: break
    case .ofRun:
      throw RecoverError(
        .checkFailed, "database \(database.name) belongs to run \(breadcrumb.run), which is not over",
        hint: "resume or abandon that run first")
    case .kept(let until):
      throw RecoverError(
        .checkFailed, "database \(database.name) is kept until \(until)", hint: "wait, or drop it by hand")
    }
    if breadcrumb.role == .previous, try DatabaseFacts.oid(of: breadcrumb.target, &connection) == nil {
      throw RecoverError(
        .checkFailed, "database \(breadcrumb.target) does not exist any more: \(database.name) may be its only copy",
        hint: "drop it by hand if that is meant")
    }
    return try side.drop(oid: database.oid, &connection, until: deadline)
  }

  private static func standing(_ breadcrumb: Breadcrumb, at time: WallTime) -> Standing {
    guard let until = breadcrumb.retainUntil else { return .ofRun }
    return until <= time ? .due : .kept(until: until)
  }
}
