internal import RecoverBase

/// What a selection makes of a dump: which of its entries are kept, and what is left out, with the reason.
///
/// The kept entries, one after the other, are a plain dump by themselves; ``SelectedDump/part(of:survey:read:)`` has its index and survey.
/// See docs/decisions/0012-partial-restore.md.
package struct SelectedDump: Sendable, Hashable {
  /// The numbers of the entries that are kept, in their order.
  package var entries: [Int] = []
  /// The tables, views and sequences that are restored, by name.
  package var relations: [Relation] = []
  /// What belongs to a restored table or needs what is not restored, and is left out; in the order of the dump.
  package var leftOut: [LeftOut] = []
  /// How many relations of each kind nobody asked for.
  package var notSelected: [DumpObject.Kind: Int] = [:]
  /// The kept entries of each relation, in their order: what makes it, what belongs to it, its rows; the sequences that
  /// a table owns are part of it.
  package var entriesByRelation: [SQLName: [Int]] = [:]

  package init() {}

  package struct Relation: Sendable, Hashable, Codable {
    package var name: SQLName
    /// nil where the dump has only rows of it: a table of an extension.
    package var kind: DumpObject.Kind?
    package var rows: Int64
    /// The size of its rows in the dump.
    package var bytes: Int64
    /// Whether only its definition is restored, since something else needs that.
    package var isEmptied: Bool
    /// The partitioned table that it is a part of in the dump.
    package var parent: SQLName?
    /// The table that owns the sequence.
    package var owner: SQLName?
  }

  package struct LeftOut: Sendable, Hashable, Codable {
    /// `foreign-key orders_customer_fkey of public.orders`.
    package var what: String
    package var why: String
  }

  /// The relations whose rows are restored.
  package var tables: [Relation] { relations.filter { !$0.isEmptied && $0.kind != .sequence } }
}

extension DumpSelection {
  /// Decides what of a dump is kept.
  ///
  /// Pure but for `read`. Memory grows with the statements of the dump, as the index does.
  ///
  /// - Parameters:
  ///   - database: which database of the dump; nil where it connects to none.
  ///   - dump: what errors call it.
  ///   - read: gives the text of a statement that the index has not kept; called in the order of the dump, twice.
  /// - Throws: ``RecoverError`` `usage` for a pattern that matches nothing, or a view that is named and can't be
  ///   restored alone; `backupRefused` for a dump without an index; what `read` throws.
  package func select(
    in index: DumpIndex, database: String?, named dump: String, read: (DumpEntry) throws -> SQLText
  ) throws -> SelectedDump {
    if let refusal = index.refusal {
      throw RecoverError(
        .backupRefused, "\(dump) can't be restored in part: \(refusal)", hint: "restore it as a whole with --into NAME")
    }
    let catalog = try SelectionCatalog(index, database: database, read: read)
    var decision = SelectionDecision(self, catalog)
    try check(against: decision.candidates, in: dump)
    decision.decide()
    var selected = SelectionSorter(decision, index: index, database: database).sorted()
    selected.relations = decision.relations
    selected.notSelected = decision.notSelected
    try decision.refuseNamedViews()
    guard !selected.relations.isEmpty else {
      throw RecoverError(
        .usage, "\(text) leaves nothing of \(dump) to restore", hint: "recover db --from ... --list shows what is in it"
      )
    }
    return selected
  }
}
