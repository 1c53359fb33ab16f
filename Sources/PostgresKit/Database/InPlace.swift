package import RecoverBase

/// A recovery in place, for when two copies do not fit: the live database is dropped before the new one is made.
///
/// The new one is loaded under the side name all the same, and gets the live name, with the live one's properties, by
/// ``swap(side:oid:)``: nobody can connect to a half-loaded database by mistake.
package struct InPlace: Sendable, Hashable, Codable {
  /// The live database, as it was before anything was done to it.
  package var facts: DatabaseFacts

  package init(_ facts: DatabaseFacts) { self.facts = facts }

  /// What is under the live name.
  package enum State: String, Sendable, Hashable, Codable, CaseIterable {
    /// The live database, under its name.
    case live
    /// The live database is gone, and nothing has its name.
    case dropped
    /// Another database has the name, or the live one has another.
    case other
  }

  package func probe(_ connection: inout Connection) throws -> State {
    let byName = try DatabaseFacts.oid(of: facts.name, &connection)
    let byOID = try DatabaseFacts.read(oid: facts.oid, &connection)
    if byName == facts.oid { return .live }
    return byName == nil && byOID == nil ? .dropped : .other
  }

  /// Drops the live database, with everybody who is connected to it.
  ///
  /// This can't be undone but by a backup.
  ///
  /// - Throws: ``RecoverError`` `wrongTarget` when another database has the name.
  package func drop(_ connection: inout Connection, until deadline: Deadline) throws {
    switch try probe(&connection) {
    case .dropped: return
    case .live: try DatabaseDrop(name: facts.name, oid: facts.oid).perform(&connection, until: deadline)
    case .other:
      throw RecoverError(
        .wrongTarget, "database \(facts.name) is not the one with OID \(facts.oid) that was planned for",
        hint: "somebody renamed or replaced it; nothing was dropped")
    }
  }

  /// How the new database is made.
  package var creation: DatabaseCreation { DatabaseCreation(like: facts) }

  /// Gives the loaded database the live name and properties.
  package func swap(side name: String, oid: UInt32) -> DatabaseSwap {
    DatabaseSwap(
      target: facts.name, entering: .init(name: name, oid: oid, properties: .facts(facts)), leaving: nil)
  }
}
