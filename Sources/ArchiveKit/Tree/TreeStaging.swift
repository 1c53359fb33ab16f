package import RecoverBase

/// An archive on its way into a directory of ours: extracted there, then read back and proved.
package struct TreeStaging: Sendable {
  package let file: TarFile
  package let policy: ExtractionPolicy
  package let budget: TarBudget
  /// Whether the directory itself gets what the archive says of `./`.
  package let appliesRoot: Bool

  package init(
    _ file: TarFile, _ policy: ExtractionPolicy, budget: TarBudget = .standard, appliesRoot: Bool
  ) {
    self.file = file
    self.policy = policy
    self.budget = budget
    self.appliesRoot = appliesRoot
  }

  /// Extracts all of it; what can't be honoured is refused at the member that needs it.
  ///
  /// Blocking. Not on the disk yet when it returns.
  ///
  /// - Parameters:
  ///   - directory: empty; what was made stays there when this throws.
  ///   - progress: told how many bytes of the archive on disk were read.
  /// - Returns: what was made, with the digest of the archive on disk.
  package func extract(
    into directory: borrowing StagingDirectory, _ interruption: Interruption, progress: (Int64) -> Void
  ) throws -> TreeExtraction {
    var extraction: TreeExtraction?
    var needs = TreeNeeds(policy)
    try PipelinedSource.reading(file, budget: budget, interruption) { reader in
      extraction = try TreeExtractor.extract(
        &reader, into: try directory.root(), policy, appliesRoot: appliesRoot,
        admit: { member in
          needs.add(member)
          try needs.check(directory)
        }, progress: { progress($0.consumedBytes) })
      extraction?.archiveDigest = reader.fileDigest
    }
    guard let extraction = extraction.take() else { throw RecoverError(.bug, "an extraction ended without a result") }
    // What was admitted can be honoured.
    if let lost = ExtractionReport.Loss.inabilities.first(where: { extraction.report.losses[$0] != nil }) {
      throw RecoverError(
        .stepFailed,
        "not all of the archive can be restored here (\(lost.rawValue)): \(extraction.report.losses[lost]?.text ?? "")",
        hint: "recover files --help lists what can be left out on request")
    }
    return extraction
  }

  /// Reads everything back over as many threads as there are cores, and holds it against what was extracted.
  ///
  /// - Parameter progress: told how many bytes of files were read; from any thread.
  /// - Throws: ``RecoverError`` `checkFailed` with the first difference.
  package static func prove(
    _ extraction: inout TreeExtraction, in root: borrowing TreeRoot, _ interruption: Interruption,
    progress: @escaping @Sendable (Int64) -> Void
  ) throws {
    let found = try TreeProof.differences(
      of: &extraction, in: root.descriptor, root.path, threads: Machine.coreCount, interruption, progress: progress)
    guard let first = found.first.first else { return }
    if case .unreadable = first.what {
      throw RecoverError(
        .checkFailed, "what was extracted can't be read back, so that nothing proves it: \(first)",
        hint: "run it as root, who may read everything")
    }
    throw RecoverError(
      .checkFailed, "what was extracted is not what the archive holds, in \(found.count) places: \(first)",
      hint: "the disk or the memory may be damaged, or somebody wrote to it; see the kernel's log")
  }
}
