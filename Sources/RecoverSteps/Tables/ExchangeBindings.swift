package import PostgresKit
internal import RecoverBase

/// What an exchange of tables in the live database adds to the bindings of a recovery.
package struct ExchangeBindings: Sendable, Hashable, Codable {
  /// Which tables of the backup; nil where an exchange is undone.
  package var selection: DumpSelection?
  /// Where an exchange is undone: the tables that it exchanged, each a schema and a name.
  package var undone: [SQLName]?
  /// Those of them that had no one before them.
  package var brought: [SQLName]?
  /// Where rows are added to one of them instead.
  package var rows: RowsBindings?

  package init(
    selection: DumpSelection? = nil, undone: [SQLName]? = nil, brought: [SQLName]? = nil, rows: RowsBindings? = nil
  ) {
    self.selection = selection
    self.undone = undone
    self.brought = brought
    self.rows = rows
  }

  /// The missing rows of one table.
  ///
  /// - Parameter table: `name` or `schema.name`.
  /// - Throws: ``RecoverError`` `usage` for a name that can't be understood, or a pattern.
  package init(rowsInto table: String, _ rows: RowsBindings) throws {
    let selection = try DumpSelection(tables: [table])
    guard selection.tables.allSatisfy(\.isExact) else {
      throw RecoverError(
        .usage, "--rows-into takes the name of one table, not the pattern \(table)",
        hint: "run it once for each table, those first to which others refer")
    }
    self.init(selection: selection, rows: rows)
  }

  /// - Parameter tables: patterns, as pg_dump's `--table` takes them.
  /// - Throws: ``RecoverError`` `usage` for one that can't be understood.
  package init(tables: [String]) throws { self.init(selection: try DumpSelection(tables: tables)) }

  /// Which tables, for people.
  package var text: String {
    if rows != nil, let pattern = selection?.tables.first { return "only the missing rows of \(pattern.text)" }
    return selection?.text ?? (undone ?? []).map(\.description).joined(separator: ", ")
  }
}

/// What the inspection of an exchange found, for the steps that follow and for people.
package struct TablesReport: Sendable, Hashable, Codable {
  package struct Table: Sendable, Hashable, Codable {
    package var name: SQLName
    /// The live table's OID; nil where there is none.
    package var liveOID: UInt32?
    /// The planner's estimate.
    package var liveRows: Int64?
    package var liveBytes: Int64?
    package var backupRows: Int64?
    package var backupBytes: Int64
  }

  package struct Dependent: Sendable, Hashable, Codable {
    package var identity: String
    /// What happens to it.
    package var fate: String
  }

  package var tables: [Table]
  package var dependents: [Dependent]
  /// What will be otherwise than it is in the live tables.
  package var differences: [String]

  package var names: [SQLName] { tables.map(\.name) }
}
