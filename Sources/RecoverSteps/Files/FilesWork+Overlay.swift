internal import ArchiveKit
internal import RecoverBase
internal import RecoverCore

/// What of the live files stays in what is replaced.
extension FilesWork {
  var overlays: Bool { bindings.overlays == true }

  /// What the live directories have beside these names; or had, where they have changed places since.
  func remainder(beside names: RestoredNames, exchanged: Bool = false) throws -> TreeRemainder {
    let root =
      switch (bindings.scope == .whole, exchanged) {
      case (true, false): bindings.target
      case (true, true): "\(trees)/\(bindings.name)"
      case (false, false): bindings.home
      case (false, true): trees
      }
    return try TreeRemainder(root, beside: names) { TreeKeep.isOurs($0) }
  }

  /// The directories that both have, by their entries' names and the paths of the extraction: what else is in them
  /// stays.
  func merged(_ entries: [FilesReport.Entry]) -> [(name: String, top: TreePath)] {
    if bindings.scope == .whole { return entries.map { ($0.name, TreePath(parts: [])) } }
    return entries.filter { $0.live == FileKind.directory.text && $0.entering == FileKind.directory.text }
      .map { ($0.name, TreePath(parts: [Array($0.name.utf8)])) }
  }

  /// Refuses when something that stays was changed since it was copied, wherever a swap has it by now.
  ///
  /// - Throws: ``RecoverError`` `busy`.
  func requireSame(_ copied: OverlayEvidence, _ entries: [FilesReport.Entry], _ swap: TreeSwap) throws {
    guard let keep = try TreeKeep.open(run.text, in: bindings.home) else { return }
    var extraction = try TreeExtraction.saved(in: keep, as: TreeKeep.record)
    let names = try RestoredNames(of: &extraction)
    let states = try Dictionary(uniqueKeysWithValues: swap.items.map { ($0.name, try swap.probe($0)) })
    for state in [TreeSwap.State.notExchanged, .exchanged] {
      let merged = merged(entries).filter { states[$0.name] == state }
      guard !merged.isEmpty else { continue }
      let remainder = try remainder(beside: names, exchanged: state == .exchanged)
      for (name, top) in merged {
        let now = try remainder.fingerprint(top, since: copied.since, Interruption())
        guard now.fingerprint == copied.fingerprints[name] else { throw Self.changed(bindings.target, now.changed) }
      }
    }
  }

  static func changed(_ target: String, _ examples: [String]) -> RecoverError {
    let what = examples.isEmpty ? "" : ": \(examples.joined(separator: ", "))"
    return RecoverError(
      .busy, "what stays in \(target) was changed while it was copied\(what)",
      hint: "stop what writes there: a service can be named in the policy's tree, and is stopped meanwhile")
  }
}
