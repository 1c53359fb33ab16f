internal import RecoverBase

/// Two databases trade places under one name, in one transaction: the one that is served, and the one that shall be.
///
/// The same value describes the swap, the swap back and either half of one: a target that does not exist yet has nobody
/// leaving, and taking that back has nobody entering. Nothing outside of the transaction is changed but that sessions are
/// ended; a crash at any moment leaves all or nothing.
package struct DatabaseSwap: Sendable, Hashable, Codable {
  /// The name that is traded.
  package var target: String
  package var entering: Entering?
  package var leaving: Leaving?

  /// The database that gets the name.
  package struct Entering: Sendable, Hashable, Codable {
    /// Its name until then.
    package var name: String
    package var oid: UInt32
    package var properties: Properties

    package init(name: String, oid: UInt32, properties: Properties) {
      self.name = name
      self.oid = oid
      self.properties = properties
    }
  }

  /// What the entering database's own properties shall be.
  package enum Properties: Sendable, Hashable, Codable {
    /// Those of the live database from before the run, whatever the dump says: owner, privileges, settings, settings of
    /// roles, limit, comment, labels.
    case facts(DatabaseFacts)
    /// Those that statements of the dump give the new database; they name it by the target's name, and run in order
    /// after the rename.
    case statements([String])
  }

  /// The database that gives the name up.
  package struct Leaving: Sendable, Hashable, Codable {
    package var oid: UInt32
    /// Its name from then on.
    package var name: String
    /// Becomes its comment.
    package var breadcrumb: Breadcrumb
    package var access: Access

    package init(oid: UInt32, name: String, breadcrumb: Breadcrumb, access: Access) {
      self.oid = oid
      self.name = name
      self.breadcrumb = breadcrumb
      self.access = access
    }
  }

  /// Who may use the database that left.
  package enum Access: String, Sendable, Hashable, Codable, CaseIterable {
    /// Nobody: it stays as it is, to be swapped back.
    case closed
    /// Whoever could before, to read: for a post-mortem.
    case readOnly = "read-only"
  }

  package init(target: String, entering: Entering?, leaving: Leaving?) {
    precondition(entering != nil || leaving != nil, "somebody enters or leaves")
    self.target = target
    self.entering = entering
    self.leaving = leaving
  }
}

extension DatabaseSwap {
  /// Where the databases stand, by their OIDs.
  package enum State: Sendable, Hashable {
    case notSwapped
    case swapped
    /// Neither: somebody else renamed or dropped one.
    case unknown(String)
  }

  /// Looks who has which name.
  ///
  /// A transaction that is still open on another connection is not seen: end the sessions of earlier epochs first.
  package func probe(_ connection: inout Connection) throws -> State {
    let query = """
      SELECT coalesce(jsonb_object_agg(datname, oid::bigint), '{}') FROM pg_database
      WHERE datname IN ($1, $2, $3)
      """
    let names = [target, entering?.name ?? target, leaving?.name ?? target]
    let oids = try connection.document([String: UInt32].self, query, names) ?? [:]
    let isBefore =
      oids[target] == leaving?.oid && (entering.map { oids[$0.name] == $0.oid } ?? true)
      && (leaving.map { oids[$0.name] == nil } ?? true)
    let isAfter =
      oids[target] == entering?.oid && (leaving.map { oids[$0.name] == $0.oid } ?? true)
      && (entering.map { oids[$0.name] == nil } ?? true)
    if isBefore { return .notSwapped }
    if isAfter { return .swapped }
    let found = Set(names).sorted().map { name in
      oids[name].map { "\(name) has OID \($0)" } ?? "there is no \(name)"
    }
    let expected = [
      entering.map { "OID \($0.oid) as \($0.name) or \(target)" },
      leaving.map { "OID \($0.oid) as \(target) or \($0.name)" },
    ]
    return .unknown(
      "\(found.joined(separator: ", ")); expected \(expected.compactMap { $0 }.joined(separator: " and "))")
  }

  /// Where a swap can be stopped from outside, in order; for tests of crashes.
  package enum Point: String, Sendable, Hashable, CaseIterable {
    /// The transaction is open, and the OIDs are what they should be.
    case begun = "begun"
    /// The entering database has its properties.
    case propertiesCopied = "properties-copied"
    /// Both have their new names.
    case renamed
    case beforeCommit = "before-commit"
    case afterCommit = "after-commit"
  }

  /// What a swap did.
  package struct Report: Sendable, Hashable, Codable {
    /// Transactions that were begun; 0 when it was swapped already.
    package var attempts = 0
    /// Sessions that were ended.
    package var ended = 0
    /// From the first rename to the commit: how long connecting had to wait.
    package var blockedNanoseconds: Int64 = 0
    /// What could not be carried over exactly, for people.
    package var notes: [String] = []
  }
}
