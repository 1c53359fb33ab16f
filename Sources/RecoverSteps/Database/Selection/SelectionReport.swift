internal import PostgresKit
package import RecoverBase

/// What a selection restores of a backup and what it leaves out, for people.
package struct SelectionReport: Sendable, Hashable, Codable {
  /// Of everything that was read, decompressed.
  package var sha256: Digest
  /// The size of the whole dump, decompressed.
  package var dumpBytes: Int64
  /// What is restored, by name: at most ``limit``.
  package var relations: [Relation]
  package var furtherRelations: Int
  /// What belongs to the restored tables or needs others, and is not restored: at most ``limit``.
  package var leftOut: [LeftOut]
  package var furtherLeftOut: Int
  /// How many tables, views and so on nobody asked for, by kind.
  package var notSelected: [String: Int]

  package static let limit = 200

  /// A table, view or sequence that is restored.
  package struct Relation: Sendable, Hashable, Codable {
    /// `table`; `rows` where something else makes it.
    package var kind: String
    package var name: String
    /// nil of what holds none.
    package var rows: Int64?
    package var bytes: Int64
    /// Whether its rows are left out, since others need only its definition.
    package var isEmptied: Bool
  }

  package struct LeftOut: Sendable, Hashable, Codable {
    /// `foreign key orders_customer_fkey of public.orders`.
    package var what: String
    package var why: String
  }

  /// - Parameters:
  ///   - whole: of everything that was read.
  ///   - excerpt: of a backup of ours of which that is not everything.
  init(_ selected: SelectedDump, of whole: DumpSurvey, _ excerpt: ExcerptReport? = nil) {
    (sha256, dumpBytes) = (whole.digest, excerpt?.dumpBytes ?? whole.byteCount)
    relations = selected.relations.prefix(Self.limit).map { relation in
      let holdsRows = relation.kind == nil || relation.kind == .table || relation.rows > 0
      return Relation(
        kind: relation.kind?.rawValue ?? "rows", name: relation.name.description,
        rows: holdsRows ? relation.rows : nil, bytes: relation.bytes, isEmptied: relation.isEmptied)
    }
    furtherRelations = selected.relations.count - relations.count
    leftOut = selected.leftOut.prefix(Self.limit).map { LeftOut(what: $0.what, why: $0.why) }
    furtherLeftOut = selected.leftOut.count - leftOut.count
    notSelected = Dictionary(
      selected.notSelected.map { ($0.key.rawValue, $0.value) }, uniquingKeysWith: { first, _ in first })
  }
}
