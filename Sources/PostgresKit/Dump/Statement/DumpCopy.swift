/// A `COPY ... FROM stdin` of a dump, whose data follows in the dump.
package struct DumpCopy: Sendable, Hashable, Codable {
  package var table: SQLName
  /// The columns that the data has, in its order; nil when the statement names none.
  package var columns: [String]?
  package var format: Format
  /// The whole statement, with its `;`.
  package var statement: SQLText
  /// The offset of the statement in the uncompressed dump.
  package var offset: Int64
  /// The line of the statement.
  package var line: Int64
  /// How many rows ended before the place that this value was taken at.
  package var rowsBefore: Int64 = 0

  /// What is known about the data's form (PostgreSQL, COPY, "File Formats").
  package enum Format: String, Sendable, Hashable, Codable {
    /// The text format without any option, as pg_dump writes it: may be cut between rows.
    case text
    /// The text format with another delimiter or null string: rows end in the same way.
    case textWithOptions = "text-with-options"
    /// CSV, a header line, another encoding, a WHERE clause: where rows end, or how many get loaded, is not known.
    case opaque
  }

  /// What the next byte of the data is.
  package enum Place: String, Sendable, Hashable, Codable {
    /// The first of a row.
    case row
    /// The first of a line inside of a row that holds an escaped line feed.
    case line
    /// Inside of a line; never between a backslash and what it escapes, nor inside of a character.
    case inside
  }
}
