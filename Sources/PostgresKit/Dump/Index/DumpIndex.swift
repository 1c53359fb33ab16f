package import RecoverBase

/// Where everything in a plain dump stands, so that any part of it can be read without what comes before.
///
/// The entries stand in the order of the dump and tile it: each begins where the one before ends. It is made in the same
/// pass as ``DumpSurvey``, see ``DumpScan``. Memory grows with the statements that are no rows, and with one chunk in
/// every ``Limits/chunkBytes`` of data; never with rows. See docs/decisions/0008-dump-index.md.
package struct DumpIndex: Sendable, Hashable {
  /// SHA-256 of the uncompressed dump.
  package var digest: Digest
  /// The size of the uncompressed dump.
  package var byteCount: Int64
  /// What chunks and runs were cut to; see ``Limits/chunkBytes``.
  package var chunkBytes: Int
  /// What may be in force where an entry begins, each once; ``DumpEntry/state`` is an index into it.
  package var states: [DumpIndexState]
  package var entries: [DumpEntry]
  /// Why there is no index, and there are no entries: the dump went over one of the limits.
  package var refusal: String?

  /// What bounds the size of an index.
  package struct Limits: Sendable, Hashable {
    /// Data is cut at the first end of a row (of an INSERT, of a large object) behind so many bytes.
    package var chunkBytes = 16 << 20
    /// The text of longer statements is not kept.
    package var statementTextBytes = 64 << 10
    /// The text of all statements; when it is used up, only their places are kept.
    package var textBytes = 48 << 20
    /// With more entries there is no index.
    package var entries = 500_000
    /// With more different states there is no index.
    package var states = 4_096

    package init() {}
  }
}

/// What the statements before an entry have put in force.
package struct DumpIndexState: Sendable, Hashable {
  package var standardConformingStrings: Bool
  package var clientEncoding: String?
  package var restrictKey: String?
  /// The database of the last `\connect`.
  package var database: String?
  /// What a session has to replay before it runs the entry.
  var session: SessionState

  init(_ state: DumpReaderState, session: SessionState) {
    standardConformingStrings = state.standardConformingStrings
    clientEncoding = state.clientEncoding
    restrictKey = state.restrictKey
    database = state.database
    self.session = session
  }

  var syntax: SQLSyntax {
    SQLSyntax(standardStrings: standardConformingStrings, clientEncoding: clientEncoding)
  }
}

/// A part of a dump, with the white space and comments behind it.
package struct DumpEntry: Sendable, Hashable {
  /// The offset of its first byte in the uncompressed dump.
  package var offset: Int64
  /// The line of its first byte, from 1 on.
  package var line: Int64
  /// Up to the next entry.
  package var byteCount: Int64
  /// What is in force where it begins: an index into ``DumpIndex/states``.
  package var state: Int
  package var content: Content

  package enum Content: Sendable, Hashable {
    /// White space and comments before the first statement.
    case space
    /// One statement of `byteCount` bytes; its text where it is short, the limits allow, and no password has its place
    /// in it: not of a role, a user mapping, a server or a subscription.
    case statement(byteCount: Int, text: SQLText?)
    /// A line for psql.
    case command(DumpMetaCommand)
    case copy(DumpCopyBlock)
    case inserts(DumpInsertRun)
    case largeObjects(DumpLargeObjectRun)
    /// The dump was cut off in a statement here; such a dump must not be loaded.
    case unfinished
  }

  package var endOffset: Int64 { offset + byteCount }
}

/// A `COPY ... FROM stdin` with its data.
package struct DumpCopyBlock: Sendable, Hashable {
  package var copy: DumpCopy
  /// Where its data begins.
  package var dataOffset: Int64
  package var dataLine: Int64
  /// The size of the data, without the line `\.`.
  package var dataBytes: Int64 = 0
  package var rows: Int64 = 0
  /// The size of the line `\.`; 0 where the dump was cut off.
  package var endBytes = 0
  /// The data, cut at ends of rows; data that must not be cut is one chunk, and no data is none.
  package var chunks: [Chunk] = []

  package struct Chunk: Sendable, Hashable {
    package var offset: Int64
    package var line: Int64
    package var byteCount: Int64 = 0
    package var rows: Int64 = 0
    /// The rows of the block before it.
    package var rowsBefore: Int64

    package var endOffset: Int64 { offset + byteCount }
  }

  package var dataEndOffset: Int64 { dataOffset + dataBytes }
}

/// Consecutive `INSERT ... VALUES` into one table.
package struct DumpInsertRun: Sendable, Hashable {
  /// As the dump writes it.
  package var table: SQLName
  /// The columns that each row gives a value; nil where the statements do not name them, or may say DEFAULT for one.
  package var columns: [String]?
  package var statements: Int64 = 0
  package var rows: Int64 = 0
}

/// Consecutive statements about large objects.
package struct DumpLargeObjectRun: Sendable, Hashable {
  package var kind: Kind
  package var statements: Int64 = 0

  package enum Kind: String, Sendable, Hashable {
    /// Makes large objects, and says whose they are: lo_create, ALTER, COMMENT ON, GRANT ON LARGE OBJECT.
    case objects
    /// Whole transactions of lo_open, lowrite and lo_close, or some of the objects of a long one, where its BEGIN and its
    /// COMMIT may be in other entries; they may run in any order, once the objects are there.
    case data
    /// Such calls in another arrangement: in no transaction, or with other statements in it.
    case calls
  }
}

extension DumpIndex {
  /// Where a reader has to begin for an entry.
  package func readerState(of entry: DumpEntry) -> DumpReaderState {
    let inForce = states[entry.state]
    var state = DumpReaderState()
    state.offset = entry.offset
    state.line = entry.line
    state.standardConformingStrings = inForce.standardConformingStrings
    state.clientEncoding = inForce.clientEncoding
    state.restrictKey = inForce.restrictKey
    state.database = inForce.database
    return state
  }

  /// Where a reader has to begin for a chunk of an entry's COPY.
  package func readerState(of chunk: DumpCopyBlock.Chunk, in block: DumpCopyBlock, of entry: DumpEntry)
    -> DumpReaderState
  {
    var state = readerState(of: entry)
    state.offset = chunk.offset
    state.line = chunk.line
    var copy = block.copy
    copy.rowsBefore = chunk.rowsBefore
    state.place = .copyData(copy, .row)
    return state
  }

  /// The index of the entry that holds a byte; nil for a byte that is in none.
  package func indexOfEntry(at offset: Int64) -> Int? {
    var range = entries.indices
    while range.count > 1 {
      let middle = (range.lowerBound + range.upperBound) / 2
      range = entries[middle].offset <= offset ? middle..<range.upperBound : range.lowerBound..<middle
    }
    guard let found = range.first, entries[found].offset <= offset, offset < entries[found].endOffset else {
      return nil
    }
    return found
  }

  /// What an entry's statement does; nil where it is no single statement, or its text is not kept.
  package func statement(of entry: DumpEntry) -> DumpStatement? {
    guard case .statement(_, let text?) = entry.content else { return nil }
    return DumpStatement(text.bytes.span, syntax: states[entry.state].syntax)
  }
}
