internal import RecoverBase

/// What a policy says must hold, asked in the transaction that changes the live database.
enum LiveAssertions {
  /// By the names that applications use, before anybody else sees the change.
  ///
  /// - Parameter otherwise: what is true when one does not hold: `nothing was exchanged`.
  /// - Throws: ``RecoverError`` `checkFailed` for the first that does not hold.
  static func check(
    _ assertions: [ProofRequest.Assertion], otherwise: String, _ connection: inout Connection
  ) throws {
    guard !assertions.isEmpty else { return }
    // As the role and the database have it: a session of ours looks nothing up by itself.
    try connection.execute("SET LOCAL search_path TO DEFAULT")
    for assertion in assertions {
      let answer = try connection.value(assertion.sql)
      guard answer != "t" else { continue }
      throw RecoverError(
        .checkFailed, "\(RestoreProof.Difference.assertion(name: assertion.name, answer: answer))",
        hint: "\(otherwise); look at the backup, or at the assertion in the policy")
    }
  }
}
