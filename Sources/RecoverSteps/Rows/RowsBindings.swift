package import PostgresKit
internal import RecoverBase

/// What adding missing rows to a live table adds to the bindings of single tables.
package struct RowsBindings: Sendable, Hashable, Codable {
  /// The unique key that tells rows apart; nil: the primary key, or the only other one.
  package var key: String?
  /// What becomes of the live table's triggers; nil where nobody said.
  package var triggers: RowsMatch.Triggers?
  /// Where rows are taken back: how they were matched.
  package var undone: RowsMatch?

  package init(key: String?, firing triggers: RowsMatch.Triggers? = nil, undone: RowsMatch? = nil) {
    self.key = key
    self.triggers = triggers
    self.undone = undone
  }
}

extension RowsBindings {
  /// - Parameter triggers: `fire` or `skip`, as a person wrote it; nil where nobody said.
  /// - Throws: ``RecoverError`` `usage`.
  package init(key: String?, triggers text: String?) throws {
    self.init(key: key)
    guard let text else { return }
    guard let firing = RowsMatch.Triggers(rawValue: text) else {
      throw RecoverError(
        .usage, "--triggers takes `fire` or `skip`, not `\(text)`",
        hint: "fire: as for any INSERT; skip: they are disabled meanwhile, and writers of the table wait")
    }
    triggers = firing
  }

  /// What becomes of triggers, for people; nil where nobody said.
  package var triggersText: String? {
    switch triggers {
    case .fire?: "fire for every row"
    case .skip?: "disabled in the transaction that inserts; writers of the table wait for it"
    case nil: nil
    }
  }
}

extension InspectReport {
  /// How rows of the backup are matched with those of the live table, for people; nil where none are added.
  package var rowsText: [String]? {
    guard let match else { return nil }
    let live = tables?.tables.first
    let counts = [
      live?.backupRows.map { "\($0) rows in the backup" }, live?.liveRows.map { "about \($0) live" },
    ].compactMap { $0 }.joined(separator: ", ")
    let columns = match.keyColumns.map(\.name).joined(separator: ", ")
    var lines = ["rows that lack are added to \(match.table)\(counts.isEmpty ? "" : ": \(counts)")"]
    lines.append("  a row is missing when no live one has its key \(match.key) (\(columns)); others stay as they are")
    if !match.triggers.isEmpty {
      let list = match.triggers.joined(separator: ", ")
      lines.append(match.firing == .fire ? "  triggers fire: \(list)" : "  triggers are left out: \(list)")
    }
    return lines + match.remarks.map { "  \($0)" }
  }
}
