internal import RecoverBase

/// The keys of rows that a run added to a live table, kept in a schema of their own for its undo.
package struct RowsKept: Sendable, Hashable {
  /// `recover_previous_<run>`.
  package var schema: String
  package var run: String
  /// The live table's name without its schema, which the list of kept keys has too.
  private let name: String

  /// - Parameter run: the one that adds the rows.
  package init(run: String, table: SQLName) {
    let places = ExchangePlaces(run: run, tables: [table])
    schema = places.schema(.previous, of: table.schema ?? "")
    self.run = run
    name = table.name
  }

  var table: String { Quoting.identifier(schema, name) }

  /// The column beside the key's.
  static let fingerprint = "recover_fingerprint"

  /// The schema, where it is there and the run's.
  package func find(_ connection: inout Connection) throws -> KeptSchema? {
    try KeptSchema.list(&connection).first { $0.name == schema && $0.breadcrumb.run == run }
  }

  /// Makes it in the open transaction, without any key.
  func make(_ match: RowsMatch, _ breadcrumb: Breadcrumb, _ connection: inout Connection) throws {
    let quoted = Quoting.identifier(schema)
    try connection.execute(
      """
      CREATE SCHEMA \(quoted); COMMENT ON SCHEMA \(quoted) IS \(Quoting.literal(try breadcrumb.text()));
      CREATE TABLE \(table) AS SELECT \(match.keyList(of: "l")) FROM \(match.live) AS l WITH NO DATA;
      ALTER TABLE \(table) ADD COLUMN \(Self.fingerprint) uuid
      """)
  }
}
