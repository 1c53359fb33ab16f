package import RecoverBase

/// The relations that a dump makes before its first row: in a dump of pg_dump nearly all of them.
package struct DumpFront: Sendable {
  private var tables: [SQLName] = []
  /// Views, sequences and so on.
  private var others: [SQLName] = []

  /// Reads a dump up to its first row.
  ///
  /// - Throws: what the reader throws.
  package init<Source: ByteSource & ~Copyable>(
    reading reader: inout DumpReader<Source>, interruption: Interruption
  ) throws {
    while let piece = try reader.next() {
      try interruption.check()
      switch piece.kind {
      case .copyData, .statement(insertedRows: .some): return
      case .space, .copyEnd, .metaCommand, .unfinished: continue
      case .statement(insertedRows: nil): break
      }
      guard case .create(let object) = reader.statement.kind else { continue }
      switch object.kind {
      case .table: tables.append(object.name)
      case .view, .materializedView, .foreignTable, .sequence: others.append(object.name)
      default: break
      }
    }
  }

  /// Whether every pattern of a selection matches something here.
  ///
  /// - Parameter tablesOnly: whether only tables count.
  package func answers(_ selection: DumpSelection, tablesOnly: Bool) -> Bool {
    (try? selection.check(against: tablesOnly ? tables : tables + others, in: "")) != nil
  }
}
