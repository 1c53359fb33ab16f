/// Where a reader stands between two pieces: all that is needed to go on from there later.
///
/// A reader made with this state, over a source that is positioned at ``offset``, gives the same pieces as the
/// one that the state was taken from.
package struct DumpReaderState: Sendable, Hashable, Codable {
  /// The offset of the next piece in the uncompressed dump.
  package var offset: Int64 = 0
  /// The line of the next piece, from 1 on.
  package var line: Int64 = 1
  package var place = Place.between
  /// `standard_conforming_strings` as the dump has set it.
  package var standardConformingStrings = true
  /// `client_encoding` as the dump has set it; nil is the server's default.
  package var clientEncoding: String?
  /// The key of the `\restrict` in force.
  package var restrictKey: String?
  /// The database of the last `\connect`; nil before the first one.
  package var database: String?

  /// The beginning of a dump.
  package static let start = DumpReaderState()

  /// What the next byte belongs to.
  package enum Place: Sendable, Hashable, Codable {
    /// A statement, a comment, a meta-command or white space begins here.
    case between
    /// The rest of a line comment that was longer than a chunk.
    case lineComment
    /// The rest of a block comment that was longer than a chunk, with so many comments open.
    case blockComment(depth: Int)
    /// The rest of the line on which the COPY statement ends.
    case copyHead(DumpCopy)
    /// Data of a COPY.
    case copyData(DumpCopy, DumpCopy.Place)
    /// The end of the dump was reported, as ``DumpPiece/Kind/unfinished(_:)``.
    case ended
  }

  /// The COPY whose data goes on here, if any.
  package var copy: DumpCopy? {
    switch place {
    case .copyHead(let copy), .copyData(let copy, _): copy
    case .between, .lineComment, .blockComment, .ended: nil
    }
  }
}

extension DumpReaderState {
  var syntax: SQLSyntax {
    SQLSyntax(standardStrings: standardConformingStrings, clientEncoding: clientEncoding)
  }
}

/// How much of a dump a reader holds in memory.
package struct DumpReaderLimits: Sendable, Hashable {
  /// The longest statement that is accepted; rows of COPY may have any length.
  package var statementBytes = 32 << 20
  /// The size that chunks of COPY data, and long comments, are cut to.
  package var chunkBytes = 256 << 10
  /// How much is read ahead at first; grows up to what a statement needs.
  package var bufferBytes = 1 << 20

  package init() {}
}
