/// A piece of a dump: what it is, and where it stands.
///
/// The pieces of a dump, one after the other, are the dump itself, byte for byte. Their bytes are given by
/// ``DumpReader/withBytes(_:)``.
package struct DumpPiece: Sendable, Hashable {
  package var kind: Kind
  /// The offset of its first byte in the uncompressed dump.
  package var offset: Int64
  /// How many bytes it has; 0 only for ``Kind/unfinished(_:)``.
  package var byteCount: Int
  /// The line of its first byte, from 1 on.
  package var line: Int64

  package enum Kind: Sendable, Hashable {
    /// White space and comments between statements. Also what stands between `COPY ... FROM stdin;` and its data.
    case space
    /// One statement, up to and with its `;`.
    ///
    /// `insertedRows` is the number of rows that the VALUES of an INSERT hold; nil for any other statement, and
    /// for `INSERT ... SELECT`.
    case statement(insertedRows: Int?)
    /// Data of the COPY that stands in the reader's state.
    ///
    /// Where a row fits into a chunk, the chunk ends at the end of a row, and `endsAtRow` is true. `rows` is how
    /// many rows end in the chunk. Neither is known for data that is not in the text format, see
    /// ``DumpCopy/Format``: there `endsAtRow` is false and `rows` is 0.
    case copyData(rows: Int, endsAtRow: Bool)
    /// The line `\.` that ends the data of a COPY.
    case copyEnd
    /// A line for psql.
    case metaCommand(DumpMetaCommand)
    /// The dump ends here in the middle of something; it has no bytes, except for an unfinished statement.
    ///
    /// No piece follows. A dump with such a piece was cut off and must not be loaded.
    case unfinished(Unfinished)
  }

  /// What the end of the dump leaves open.
  package enum Unfinished: String, Sendable, Hashable, Codable {
    case statement
    case comment
    case copyData = "copy-data"
  }
}

/// A line that psql acts on itself; every other one is refused.
package enum DumpMetaCommand: Sendable, Hashable {
  /// `\restrict KEY`: from here on only ``unrestrict(key:)`` with the same key is allowed (CVE-2025-8714).
  case restrict(key: String)
  case unrestrict(key: String)
  /// `\connect`: what follows belongs to another database, named here; nil reconnects to the same.
  case connect(database: String?)
  /// `\encoding`: the client encoding.
  case encoding(String)
}
