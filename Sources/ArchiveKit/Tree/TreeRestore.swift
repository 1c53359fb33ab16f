internal import Glibc
package import RecoverBase

/// Restores an archive into a new directory: nothing has its name before all of it is there, was read back, and is on the
/// disk.
///
/// The archive is read once: extracted into a ``StagingDirectory`` beside the target, and found to be whole at its end.
/// Then the tree is proved, the disk is written, and one rename(2) shows it.
package struct TreeRestore: Sendable {
  package enum Phase: String, Sendable {
    case extracting
    case proving
    case syncing
  }

  package struct Outcome: Sendable {
    package var report: ExtractionReport
    /// Of the archive on disk.
    package var sha256: Digest
    /// Staging directories of dead processes that were removed first.
    package var removed: [String]
  }

  /// Told the phase, and how many bytes of it are done: of the archive on disk, or of the tree's files, with how many
  /// those have in all where it is known.
  package typealias Observer = @Sendable (_ phase: Phase, _ doneBytes: Int64, _ totalBytes: Int64?) -> Void

  let file: TarFile
  let target: String
  let policy: ExtractionPolicy
  let budget: TarBudget
  let accept: @Sendable (Digest) throws -> Void

  /// - Parameters:
  ///   - target: an absolute path that nothing has.
  ///   - accept: told the digest of the archive on disk, before anything has the target's name; throws where it is
  ///     another archive than it should be.
  package init(
    _ file: TarFile, to target: String, _ policy: ExtractionPolicy, budget: TarBudget = .standard,
    accept: @escaping @Sendable (Digest) throws -> Void = { _ in }
  ) {
    self.file = file
    self.accept = accept
    var target = target
    while target.count > 1, target.hasSuffix("/") { target.removeLast() }
    self.target = target
    self.policy = policy
    self.budget = budget
  }

  /// Blocking.
  ///
  /// - Throws: ``RecoverError``; then nothing is left behind, and the target's name is still free.
  package func perform(_ interruption: Interruption, progress: @escaping Observer) throws -> Outcome {
    try checkTarget()
    let removed = try StagingDirectory.removeAbandoned(beside: target)
    let staging = try StagingDirectory(beside: target)
    do {
      var extraction = try TreeStaging(file, policy, budget: budget, appliesRoot: true)
        .extract(into: staging, interruption) { progress(.extracting, $0, nil) }
      guard let digest = extraction.archiveDigest else {
        throw RecoverError(.bug, "an archive was read to its end and has no digest")
      }
      try accept(digest)
      let total = extraction.report.writtenBytes
      progress(.proving, 0, total)
      try TreeStaging.prove(&extraction, in: try staging.root(), interruption) { progress(.proving, $0, total) }
      progress(.syncing, 0, nil)
      try staging.sync()
      try interruption.check()
      try staging.rename(to: target)
      return Outcome(report: extraction.report, sha256: digest, removed: removed)
    } catch {
      // What made it fail is what is said.
      try? staging.remove()
      throw error
    }
  }

  private func checkTarget() throws {
    if unsafe faccessat(AT_FDCWD, target, F_OK, AT_SYMLINK_NOFOLLOW) == 0 {
      throw RecoverError(
        .wrongTarget, "\(target) is there already: --to takes the name of a new directory",
        hint: "name one that is not there, or compare with --diff \(target)")
    }
    guard errno == ENOENT else { throw RecoverError.system(.unreachable, "can't look at \(target)") }
  }
}
