internal import RecoverBase

/// What of a dump somebody wants: tables by pattern.
///
/// A table is wanted that matches one of ``tables`` or whose schema matches one of ``schemas`` (every table, where
/// neither is given), and that matches none of ``excludedTables``. "Table" stands for whatever pg_dump's `--table`
/// matches: tables, views, materialized views, foreign tables and sequences.
package struct DumpSelection: Sendable, Hashable, Codable {
  package var tables: [NamePattern]
  /// Each matches schemas; written without a dot.
  package var schemas: [NamePattern]
  package var excludedTables: [NamePattern]

  /// - Throws: ``RecoverError`` `usage` for a pattern that can't be understood.
  package init(tables: [String] = [], schemas: [String] = [], excludedTables: [String] = []) throws {
    self.tables = try tables.map { try NamePattern($0) }
    self.schemas = try schemas.map { try NamePattern($0, .schema) }
    self.excludedTables = try excludedTables.map { try NamePattern($0) }
  }

  /// Whether everything is wanted.
  package var isEmpty: Bool { tables.isEmpty && schemas.isEmpty && excludedTables.isEmpty }

  /// `--table public.orders --exclude-table '*_log'`, for people.
  package var text: String {
    let options =
      tables.map { ("--table", $0) } + schemas.map { ("--schema", $0) }
      + excludedTables.map { ("--exclude-table", $0) }
    return options.map { "\($0) \(ShellWord.quoted($1.text))" }.joined(separator: " ")
  }
}

extension DumpSelection {
  /// Whether a table is wanted.
  func includes(_ name: SQLName) -> Bool {
    if excludedTables.contains(where: { $0.matchesAnywhere(name) }) { return false }
    // Of what recover itself made in the database nothing comes along that nobody named.
    if tables.isEmpty, schemas.isEmpty { return name.schema.map(KeptSchema.isName) != true }
    return tables.contains { $0.matches(name) }
      || schemas.contains { pattern in name.schema.map { pattern.matches(schema: $0) } ?? false }
  }

  /// Whether a pattern without `*` and `?` asks for just this one.
  func names(_ name: SQLName) -> Bool { tables.contains { $0.isExact && $0.matches(name) } }

  /// Refuses patterns that match nothing, which are mistakes.
  ///
  /// - Parameters:
  ///   - candidates: what the dump has.
  ///   - option: the one that names tables.
  /// - Throws: ``RecoverError`` `usage` with the nearest name.
  func check(against candidates: [SQLName], in dump: String, option tablesOption: String = "--table") throws {
    for (option, patterns) in [(tablesOption, tables), ("--exclude-table", excludedTables)] {
      for pattern in patterns where !candidates.contains(where: pattern.matches) {
        let names = candidates.map(\.description)
        let near =
          NearestName.find(pattern.text, among: names)
          ?? NearestName.find(pattern.text, among: candidates.map(\.name)).flatMap { name in
            candidates.first { $0.name == name }?.description
          }
        throw RecoverError(
          .usage, "\(option) \(pattern.text) matches no table of \(dump)",
          hint: near.map { "did you mean `\($0)`?" } ?? "recover db --from \(ShellWord.quoted(dump)) --list shows all")
      }
    }
    let names = Set(candidates.compactMap(\.schema)).sorted()
    for pattern in schemas where !names.contains(where: pattern.matches(schema:)) {
      throw RecoverError(
        .usage, "--schema \(pattern.text) matches no schema of \(dump) that has tables",
        hint: NearestName.hint(pattern.text, among: names)
          ?? (names.isEmpty ? nil : "it has \(names.prefix(10).joined(separator: ", "))"))
    }
  }
}
