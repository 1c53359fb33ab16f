internal import RecoverBase

/// Adds what a live table lacks of a backup's rows, in one transaction, and keeps the keys of what was added.
///
/// The keys stand in a schema of their own with a breadcrumb, each with a fingerprint of its row: the schema is there
/// exactly if the rows are.
package struct RowsInsertion: Sendable {
  package var check: RowsCheck
  /// Where the keys are kept.
  package var kept: RowsKept
  package var breadcrumb: Breadcrumb
  /// What has to hold with the new rows, or nothing is committed.
  package var assertions: [ProofRequest.Assertion]

  package init(_ check: RowsCheck, kept: RowsKept, breadcrumb: Breadcrumb, assertions: [ProofRequest.Assertion]) {
    self.check = check
    self.kept = kept
    self.breadcrumb = breadcrumb
    self.assertions = assertions
  }

  /// The places where a run can be made to crash.
  package enum Point: String, Sendable, Hashable, CaseIterable {
    case inserted
    case beforeCommit = "before-commit"
    case afterCommit = "after-commit"
  }

  private var match: RowsMatch { check.match }

  /// - Throws: ``RecoverError``: `drifted` where the table is another one by now, `busy` where somebody holds it or its
  ///   rows, `checkFailed`, `stepFailed`; everything is rolled back then, unless the connection was lost at the commit.
  package func perform(_ connection: inout Connection, at point: (Point) throws -> Void = { _ in }) throws {
    do {
      try begin(&connection)
      try match.requireLive(&connection)
      let triggers = try TableTriggers.read(.insert, match, &connection)
      guard triggers.names == match.triggers else {
        throw RecoverError(
          .drifted, "the triggers of \(match.table) were changed since it was inspected", hint: "plan again")
      }
      if match.firing == .skip { try triggers.disable(&connection) }
      try advanceSequences(&connection)
      try kept.make(match, breadcrumb, &connection)
      let keys = match.keyList(of: "l")
      try connection.withUsualPath {
        try $0.execute(
          """
          WITH added AS (\(match.insertion(from: check.staged)) RETURNING \(keys))
          INSERT INTO \(kept.table) SELECT l.* FROM added AS l; ANALYZE \(kept.table); SET CONSTRAINTS ALL IMMEDIATE
          """)
      }
      if match.firing == .skip { try triggers.enable(&connection) }
      try connection.execute(
        "UPDATE \(kept.table) AS k SET \(RowsKept.fingerprint) = \(match.fingerprint) FROM \(match.live) AS l "
          + "WHERE \(match.sameKey("l", "k"))")
      try point(.inserted)
      if match.triggers.isEmpty || match.firing == .skip { try requireAlike(&connection) }
      try LiveAssertions.check(assertions, otherwise: "nothing was inserted", &connection)
      try point(.beforeCommit)
    } catch {
      connection.rollBackWhateverHappens()
      throw Self.explained(error, match.table)
    }
    try connection.commitDecisively()
    try point(.afterCommit)
  }

  private func begin(_ connection: inout Connection) throws {
    try connection.execute("BEGIN; SET LOCAL lock_timeout = '10s'; SET LOCAL row_security = off")
    // Done is what survives a crash: at least our own disk has it.
    _ = try connection.value(
      "SELECT set_config('synchronous_commit', 'local', true) WHERE current_setting('synchronous_commit') = 'off'")
  }

  /// Where nothing of the table's changes rows, they have to be what the backup holds.
  private func requireAlike(_ connection: inout Connection) throws {
    let rows = try connection.value(
      """
      SELECT count(*) FROM \(kept.table) AS k JOIN \(match.live) AS l ON \(match.sameKey("l", "k"))
      JOIN \(check.staged) AS s ON \(match.matches) WHERE \(match.differs)
      """)
    guard let rows, rows != "0" else { return }
    throw RecoverError(
      .checkFailed, "\(rows) rows of \(match.table) would not be as they are in the backup",
      hint: "nothing was inserted")
  }

  /// The rows themselves are nobody's business: of what the server says of them only the sentence is told.
  static func explained(_ error: any Error, _ table: SQLName) -> any Error {
    guard var error = error as? RecoverError, let said = error.postgres else { return error }
    if error.sqlState == .lockNotAvailable {
      error.message = "table \(table) is in use: \(said.message)"
      error.hint = "a transaction that changes it has to end: pg_stat_activity shows which"
    } else if error.sqlState?.class == "23" {
      error = RecoverError(.stepFailed, "\(said.message) [SQLSTATE \(said.sqlState)]", hint: "nothing was changed")
    }
    return error
  }
}

// MARK: What came of it

extension RowsInsertion {
  package struct Report: Sendable, Hashable, Codable {
    package var inserted: Int64 = 0
    /// Rows whose key is still free, since they break another unique constraint or a trigger refused them.
    package var skipped: Int64 = 0
    /// A few of their keys.
    package var skippedKeys: [String] = []
  }

  /// Whether the rows are there.
  package func isDone(_ connection: inout Connection) throws -> Bool { try kept.find(&connection) != nil }

  /// Counts what was inserted, after the commit: while the kept keys and the backup's rows are there.
  package func report(_ connection: inout Connection) throws -> Report {
    var report = Report()
    report.inserted = try connection.value("SELECT count(*) FROM \(kept.table)").flatMap { Int64($0) } ?? 0
    let skipped = """
      FROM \(check.staged) AS s WHERE \(match.isMissing)
        AND NOT EXISTS (SELECT FROM \(kept.table) AS l WHERE \(match.matches))
      """
    report.skipped = try connection.value("SELECT count(*) \(skipped)").flatMap { Int64($0) } ?? 0
    guard report.skipped > 0 else { return report }
    report.skippedKeys = try connection.rows(
      "SELECT \(match.keyText(of: "s", isStaged: true)) \(skipped) LIMIT \(RowsMatch.namedKeys)"
    ).compactMap { $0[0] }
    return report
  }
}

// MARK: Sequences

extension RowsInsertion {
  /// Moves the sequences behind the key, and behind other columns, past what is added, so that nothing new gets the same.
  ///
  /// A sequence knows no transaction: it stays there when the rest fails, which costs numbers and nothing else.
  private func advanceSequences(_ connection: inout Connection) throws {
    for sequence in match.sequences {
      let column = "s.\(Quoting.identifier(sequence.column))"
      let state = try connection.rows(
        """
        SELECT q.seqincrement, v.last_value, v.is_called FROM \(sequence.name) AS v, pg_catalog.pg_sequence AS q
        WHERE q.seqrelid = $1::regclass
        """, [sequence.name]
      ).first
      guard let state, let step = state[0].flatMap({ Int64($0) }), let last = state[1].flatMap({ Int64($0) }) else {
        continue
      }
      let top = try connection.value(
        "SELECT \(step > 0 ? "max" : "min")(\(column))::int8 FROM \(check.staged) AS s WHERE \(match.isMissing)"
      ).flatMap { Int64($0) }
      guard let top, step > 0 ? top >= last : top <= last, top != last || state[2] == "f" else { continue }
      try advance(sequence.name, from: last, isDrawn: state[2] == "t", to: top, by: step, &connection)
    }
  }

  /// Nobody else draws so many numbers in a moment.
  private static let drawnLimit: Int64 = 10_000

  /// Draws the numbers, as everybody else does meanwhile; only over a long way is the sequence set.
  private func advance(
    _ sequence: String, from last: Int64, isDrawn: Bool, to top: Int64, by step: Int64, _ connection: inout Connection
  ) throws {
    let name = Quoting.literal(sequence)
    let (distance, overflow) = top.subtractingReportingOverflow(last)
    let steps = overflow ? Int64.max - 1 : distance / step + (distance % step == 0 ? 0 : 1)
    let draws = isDrawn ? steps : steps + 1
    guard draws <= Self.drawnLimit else {
      _ = try connection.value("SELECT pg_catalog.setval(\(name), \(top))")
      return
    }
    _ = try connection.value("SELECT max(pg_catalog.nextval(\(name))) FROM pg_catalog.generate_series(1, \(draws))")
  }
}

extension RowsMatch {
  /// Refuses where the name is another table's by now.
  ///
  /// - Throws: ``RecoverError`` `drifted`.
  package func requireLive(_ connection: inout Connection) throws {
    let name = Quoting.identifier(table.schema ?? "", table.name)
    let oid = try connection.value("SELECT pg_catalog.to_regclass($1)::oid", [name])
    guard oid == "\(liveOID)" else {
      throw RecoverError(
        .drifted, "table \(table) was made, replaced or dropped since it was inspected", hint: "plan again")
    }
  }
}
