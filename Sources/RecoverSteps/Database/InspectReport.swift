package import PostgresKit
package import RecoverBase

/// What the inspection of a database recovery found: the evidence of `database.inspect`, and what people read
/// before they say yes.
package struct InspectReport: Sendable, Hashable, Codable {
  /// Of the dump once it is decompressed.
  package var sha256: Digest
  /// The size of the dump once it is decompressed.
  package var dumpBytes: Int64
  /// Of the manifest, where the dump is a backup of ours: every file was compared with it, and the restored rows will be.
  package var manifest: Digest?
  /// What was read of a backup of ours of which only some tables are needed.
  ///
  /// ``sha256`` and ``dumpBytes`` are of that then, and the rest was compared with nothing.
  package var excerpt: ExcerptReport?
  /// The database's name in a dump that connects to databases.
  package var segment: String?
  package var tableCount: Int
  package var rowCount: Int64
  package var objectCount: Int
  /// Versions and time that the dump's banner tells, for people.
  package var origin: String
  /// What the live database is like; nil when there is none.
  package var live: DatabaseFacts?
  /// How the dump wants its database made, and what it says about it; for a target that does not exist yet.
  package var creation: DatabaseCreation
  package var propertyStatements: [String]
  /// What people should know, each one line.
  package var warnings: [String]
  /// What the restore would take away or bring back, table by table; at most ``differenceLimit``.
  package var differences: [TableDifference]
  /// How many more there are.
  package var furtherDifferences: Int
  /// Tables with the same columns and exactly as many rows in both; nil where the live database was not looked into.
  package var agreeingTables: Int?
  /// The pg_restore that makes SQL of it; nil for a backup that is SQL.
  package var readBy: String?
  /// Why one connection will load, where several were planned; as far as the backup alone tells.
  package var serialBecause: String?
  /// How long reading the backup took.
  package var readMilliseconds: Int64?
  /// Of a run that exchanges single tables: which, and what that changes.
  package var tables: TablesReport?
  /// Of a run that adds rows to a live table: how they are matched with its own.
  package var match: RowsMatch?
  /// What was written meanwhile; looked at for previews alone.
  package var recentWrites: RecentWrites?
  /// What is restored and what is left out, where tables were selected; ``sha256`` and ``dumpBytes`` are of the selected
  /// part then.
  package var selection: SelectionReport?

  package static let differenceLimit = 200
}

/// A table whose rows or columns differ between the live database and the backup.
package struct TableDifference: Sendable, Hashable, Codable {
  package var table: String
  /// Nil where the table is not there.
  package var liveRows: Int64?
  package var backupRows: Int64?
  /// Whether the live count is the planner's estimate.
  package var isEstimate: Bool
  package var missingColumns: [String]
  package var addedColumns: [String]

  package init(
    table: String, liveRows: Int64?, backupRows: Int64?, isEstimate: Bool, missingColumns: [String] = [],
    addedColumns: [String] = []
  ) {
    self.table = table
    self.liveRows = liveRows
    self.backupRows = backupRows
    self.isEstimate = isEstimate
    self.missingColumns = missingColumns
    self.addedColumns = addedColumns
  }
}
