internal import RecoverBase

extension RestoreProof {
  /// Compares a database with its dump: rows of every table, objects in the catalog, assertions.
  ///
  /// Reads only, in one snapshot, with row-level security turned into an error.
  ///
  /// - Parameters:
  ///   - snapshot: the id of an ``ExportedSnapshot`` to look at; nil for what is there now.
  ///   - progress: called with the name of each table before it is counted, and how many are left.
  /// - Returns: the verdict; differences are no error.
  /// - Throws: ``RecoverError`` when the comparison itself can't be made: `missingRequirement` where the role may not
  ///   read every row, `interrupted`, `connectionLost`.
  package static func prove(
    _ request: ProofRequest, snapshot: String? = nil, _ connection: inout Connection,
    progress: (SQLName, Int) -> Void = { _, _ in }
  ) throws -> RestoreProof {
    try connection.pin(.steady + .everyRow)
    var proof = try connection.transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") { connection in
      if let snapshot { try connection.execute("SET TRANSACTION SNAPSHOT \(Quoting.literal(snapshot))") }
      var proof = RestoreProof()
      try RowProof(request).compare(&proof, &connection, progress)
      try ObjectProof(request).compare(&proof, &connection)
      return proof
    }
    // Each in a transaction of its own: one that fails must not take the others along.
    for assertion in request.assertions { try check(assertion, &proof, &connection) }
    return proof
  }

  private static func check(
    _ assertion: ProofRequest.Assertion, _ proof: inout RestoreProof, _ connection: inout Connection
  ) throws {
    proof.assertions += 1
    do {
      let answer = try connection.transaction("BEGIN READ ONLY") { connection in try connection.value(assertion.sql) }
      if answer != "t" { proof.add(.assertion(name: assertion.name, answer: answer)) }
    } catch let error as RecoverError where error.sqlState != nil && error.sqlState != SQLState.none {
      if connection.isLost { throw error }
      proof.add(.assertion(name: assertion.name, answer: error.message))
    }
  }
}
