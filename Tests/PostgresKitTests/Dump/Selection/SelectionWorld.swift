internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import PostgresKit

/// A dump in memory, and what is selected of it.
struct SelectionWorld {
  let bytes: [UInt8]
  let scan: DumpScan

  init(_ sql: String, statementTextBytes: Int = 64 << 10) throws {
    bytes = Array(sql.utf8)
    var limits = DumpScan.Limits()
    limits.index.statementTextBytes = statementTextBytes
    var reader = DumpReader(MemorySource(bytes), named: "x.sql")
    scan = try DumpScan(reading: &reader, limits: limits, interruption: Interruption())
  }

  func read(_ entry: DumpEntry) throws -> SQLText {
    guard case .statement(let count, _) = entry.content else { throw RecoverError(.bug, "no statement") }
    return SQLText(Array(bytes[Int(entry.offset)..<Int(entry.offset) + count]))
  }

  func select(
    _ tables: String..., schemas: [String] = [], without excluded: [String] = [], database: String? = nil
  ) throws -> SelectedDump {
    try DumpSelection(tables: tables, schemas: schemas, excludedTables: excluded)
      .select(in: scan.index, database: database, named: "x.sql", read: read)
  }

  func part(_ selected: SelectedDump) throws -> DumpPart {
    try selected.part(of: scan.index, survey: scan.survey, read: read)
  }

  /// The SQL that is kept.
  func text(_ selected: SelectedDump) -> String {
    String(
      decoding: selected.ranges(in: scan.index).flatMap { bytes[Int($0.lowerBound)..<Int($0.upperBound)] },
      as: UTF8.self)
  }

  /// What pg_dump begins with, so that nothing is looked up without its schema.
  static let front = """
    --
    -- PostgreSQL database dump
    --

    SET client_encoding = 'UTF8';
    SELECT pg_catalog.set_config('search_path', '', false);

    """
}
