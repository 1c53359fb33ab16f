internal import ArchiveKit
internal import RecoverBase
internal import RecoverCore

/// What of the live files stays in what is replaced.
extension FilesWork {
  var overlays: Bool { bindings.overlays == true }

  /// What the live directories have beside these names.
  func remainder(beside names: RestoredNames) throws -> TreeRemainder {
    try TreeRemainder(bindings.scope == .whole ? bindings.target : bindings.home, beside: names) { name in
      name.starts(with: Array(TreeKeep.prefix.utf8)) || name.elementsEqual(TreeLock.name.utf8)
    }
  }

  /// The directories that both have, by the paths of the extraction: what else is in them stays.
  func merged(_ entries: [FilesReport.Entry]) -> [TreePath] {
    if bindings.scope == .whole { return [TreePath(parts: [])] }
    return entries.filter { $0.live == FileKind.directory.text && $0.entering == FileKind.directory.text }
      .map { TreePath(parts: [Array($0.name.utf8)]) }
  }

  /// Refuses when something that stays was changed since it was copied.
  ///
  /// - Throws: ``RecoverError`` `busy`.
  func requireSame(_ copied: OverlayEvidence, _ entries: [FilesReport.Entry]) throws {
    guard let keep = try TreeKeep.open(run.text, in: bindings.home) else { return }
    var extraction = try TreeExtraction.saved(in: keep, as: TreeKeep.record)
    let now = try remainder(beside: try RestoredNames(of: &extraction))
      .fingerprint(merged(entries), since: copied.since, Interruption())
    guard now.fingerprint != copied.fingerprint else { return }
    throw Self.changed(bindings.target, now.changed)
  }

  static func changed(_ target: String, _ examples: [String]) -> RecoverError {
    let what = examples.isEmpty ? "" : ": \(examples.joined(separator: ", "))"
    return RecoverError(
      .busy, "what stays in \(target) was changed while it was copied\(what)",
      hint: "stop what writes there: a service can be named in the policy's tree, and is stopped meanwhile")
  }
}
