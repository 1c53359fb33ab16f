internal import ArgumentParser
internal import PostgresKit
internal import RecoverBase

/// Which part of a backup is restored, and where it goes.
struct SelectionOptions: ParsableArguments {
  @Option(
    name: .customLong("table"),
    help: ArgumentHelp(
      "Only this table with all that belongs to it: name or schema.name, with * and ? as in pg_dump; again for more. Replaces it in the live database, unless there is --into.",
      valueName: "pattern"))
  var tables: [String] = []

  @Option(
    name: .customLong("schema"),
    help: ArgumentHelp("Only the tables of this schema, as --table; again for more.", valueName: "pattern"))
  var schemas: [String] = []

  @Option(
    name: .customLong("exclude-table"),
    help: ArgumentHelp("Not these tables; again for more.", valueName: "pattern"))
  var excludedTables: [String] = []

  @Option(
    help: ArgumentHelp(
      "Restore into a new database on the server of --database; nothing is stopped or replaced.", valueName: "name"))
  var into: String?

  @Option(
    help: ArgumentHelp(
      "Add to this table of the live database the rows of the backup that it lacks; those it has stay as they are.",
      valueName: "table"))
  var rowsInto: String?

  @Option(
    help: ArgumentHelp(
      "With --rows-into: the unique key by which rows are told apart; unless given, the primary key.",
      valueName: "name"))
  var key: String?

  @Option(
    help: ArgumentHelp(
      "With --rows-into: whether the table's own triggers fire for the rows: fire or skip.", valueName: "mode"))
  var triggers: String?

  /// What was selected; nil for everything.
  ///
  /// - Throws: ``RecoverError`` `usage` for a pattern that can't be understood.
  func selection() throws -> DumpSelection? {
    let selection = try DumpSelection(tables: tables, schemas: schemas, excludedTables: excludedTables)
    return selection.isEmpty ? nil : selection
  }

  /// Whether tables of the live database are replaced.
  var isExchanging: Bool { into == nil && isSelecting }

  var isSelecting: Bool { !(tables.isEmpty && schemas.isEmpty && excludedTables.isEmpty) }

  /// Refuses what can't go together with the rest of the command line.
  ///
  /// - Parameter others: options that are given and mean something only where a live database is replaced.
  func check(against others: [String]) throws {
    _ = try selection()
    try checkRows(against: others)
    if let first = others.first, into != nil || isSelecting {
      throw RecoverError(
        .usage, "\(first) has no meaning with \(into != nil ? "--into" : "a selection of tables")",
        hint: "leave it out")
    }
  }

  private func checkRows(against others: [String]) throws {
    guard rowsInto != nil else {
      guard let lone = [(key, "--key"), (triggers, "--triggers")].first(where: { $0.0 != nil }) else { return }
      throw RecoverError(
        .usage, "\(lone.1) is for --rows-into, which adds the missing rows of a table", hint: "leave it out")
    }
    let first = others.first ?? (into != nil ? "--into" : isSelecting ? "a selection of tables" : nil)
    guard let first else { return }
    throw RecoverError(.usage, "\(first) has no meaning with --rows-into", hint: "leave it out")
  }
}
