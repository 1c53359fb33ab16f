internal import RecoverBase

/// A table or sequence whose content belongs into a dump, as pg_dump chooses them.
package struct DumpRelation: Sendable {
  package enum Kind: String, Sendable {
    case table = "r"
    /// Only to be locked: its rows are in its partitions.
    case partitioned = "p"
    case sequence = "S"
  }

  package let oid: UInt32
  package let name: SQLName
  package let kind: Kind
  /// A table that an extension made and marked as holding rows of the user (`pg_extension_config_dump`).
  package let isOfExtension: Bool
  /// The size of the table itself, and of what it keeps out of line.
  package let heapBytes: Int64
  package let toastBytes: Int64
  /// Whether parts of it may be read, and so be loaded again, in another order.
  package let mayDivide: Bool
  /// Pieces of SQL, in the bytes of the database's encoding.
  let text: Text

  /// The pieces of SQL that a dump of the relation is made of.
  struct Text: Sendable {
    /// `public.t`, quoted where it has to be.
    var qualified: [UInt8]
    /// `a, b`: all columns but the generated ones; empty where there are none.
    var columns: [UInt8]
    /// The comment that pg_dump puts before the content, with its line ends.
    var comment: [UInt8]
    /// The rows that an extension calls the user's: `WHERE ...`, or empty.
    var condition: [UInt8]
    /// The qualified name as a string constant.
    var literal: [UInt8]
  }

  package var totalBytes: Int64 { heapBytes + toastBytes }
}

extension DumpRelation {
  /// The statement that reads the rows, of all pages or some.
  ///
  /// - Parameter pages: of a table with columns alone; the last part is open at its end.
  func copyOut(_ pages: PageRange?) -> [UInt8] {
    guard pages != nil || !text.condition.isEmpty else {
      return Array("COPY ".utf8) + text.qualified + columnList + Array("TO STDOUT".utf8)
    }
    var condition = text.condition
    if let pages { condition = Array("WHERE \(pages.condition)".utf8) }
    return Array("COPY (SELECT ".utf8) + text.columns + Array(" FROM ONLY ".utf8) + text.qualified
      + Array(" ".utf8) + condition + Array(") TO STDOUT".utf8)
  }

  /// The line that begins the rows in a dump.
  var copyIn: [UInt8] {
    Array("COPY ".utf8) + text.qualified + columnList + Array("FROM stdin;\n".utf8)
  }

  private var columnList: [UInt8] {
    // Two spaces where there are no columns, as pg_dump writes it.
    text.columns.isEmpty ? Array("  ".utf8) : Array(" (".utf8) + text.columns + Array(") ".utf8)
  }
}

/// A part of a table: pages from one on, up to but without another, or to the end.
struct PageRange: Sendable, Hashable {
  var first: Int64
  var end: Int64?

  var condition: String {
    let begin = "ctid >= '(\(first),0)'::pg_catalog.tid"
    return end.map { "\(begin) AND ctid < '(\($0),0)'::pg_catalog.tid" } ?? begin
  }
}
