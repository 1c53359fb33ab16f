internal import PostgresKit
internal import RecoverBase

/// What a proof leaves in the journal.
struct ProofEvidence: Encodable {
  var proof: RestoreProof
  /// Nil where there was no manifest to compare with.
  var content: ContentVerdict?

  private enum CodingKeys: String, CodingKey { case content }

  func encode(to encoder: any Encoder) throws {
    try proof.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encodeIfPresent(content, forKey: .content)
  }

  /// The failure of a proof.
  ///
  /// - Parameters:
  ///   - claim: what turned out to be wrong: `the restored copy is not what it should be`.
  ///   - differences: as people read them; the first ones are told.
  static func failure(_ claim: String, _ differences: [String], hint: String) -> RecoverError {
    let shown = differences.prefix(5).joined(separator: "; ")
    let more = differences.count > 5 ? "; and \(differences.count - 5) more" : ""
    return RecoverError(.stepFailed, "\(claim): \(shown)\(more)", hint: hint)
  }
}

extension BackupDirectory {
  /// The backup of ours that a file belongs to, and its manifest, which is still the inspected one.
  ///
  /// - Throws: ``RecoverError`` `drifted` where it is another one, or gone.
  static func inspected(containing path: String, manifest digest: Digest) throws -> (
    backup: BackupDirectory, expectation: ContentExpectation
  ) {
    guard let backup = containing(path), let found = try? backup.read(), found.digest == digest else {
      throw RecoverError(
        .drifted, "the manifest beside \(path) is not the one that was inspected", hint: "look who changed it")
    }
    return (backup, found.manifest.contentExpectation)
  }
}
