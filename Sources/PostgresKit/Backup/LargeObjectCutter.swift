/// Cuts what pg_dump writes of large objects into pieces, so that rows may stand between two of them in a dump.
///
/// A piece ends where a statement ends and no transaction is open: one that goes on is committed, and begun again in the
/// next piece. Only an object that is larger than a piece goes on from one to the next, and nothing may stand between
/// those. Memory is bounded by a piece and the longest line; pg_dump writes 16 KiB of an object in a line.
package struct LargeObjectCutter {
  /// Some lines.
  package struct Piece: Sendable, Hashable {
    package var bytes: [UInt8]
    /// Whether the next piece must stand right behind it.
    package var goesOn: Bool
  }

  private let pieceBytes: Int
  private var content: [UInt8] = []
  /// The line that has not ended.
  private var line: [UInt8] = []
  private var place = Place.outside
  /// Whether the line begins inside of a literal, as in a comment on an object.
  private var isInLiteral = false
  private var isBetweenStatements = true
  /// Whether the last piece must be followed by the next one.
  private var goesOn = false
  /// Whether a transaction was cut that has to be begun again before the next statement.
  private var owesBegin = false

  private enum Place {
    case outside
    /// Behind BEGIN, or in an object.
    case inside
    /// In a transaction, behind an object.
    case betweenObjects
  }

  /// - Parameter pieceBytes: a piece ends at the first place behind so many bytes.
  package init(pieceBytes: Int) { self.pieceBytes = pieceBytes }

  /// Reads on; text need not end at a line's end.
  package mutating func take(_ text: ArraySlice<UInt8>, _ give: (Piece) throws -> Void) rethrows {
    var rest = text
    while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
      line += rest[...end]
      rest = rest[(end + 1)...]
      try endLine(give)
      line.removeAll(keepingCapacity: true)
    }
    line += rest
  }

  /// What is left.
  package mutating func finish(_ give: (Piece) throws -> Void) rethrows {
    if !line.isEmpty { try endLine(give) }
    line = []
    try cut(goesOn: false, give)
  }

  private mutating func endLine(_ give: (Piece) throws -> Void) rethrows {
    readLine()
    if owesBegin, !line.isBlank {
      owesBegin = false
      // The transaction held nothing more.
      if line.elementsEqual(Self.commit) { return }
      content += Self.begin + [UInt8(ascii: "\n")]
    }
    content += line
    guard content.count >= pieceBytes || goesOn else { return }
    switch place {
    case .outside where isBetweenStatements: try cut(goesOn: false, give)
    case .betweenObjects where isBetweenStatements:
      if !owesBegin { content += [UInt8(ascii: "\n")] + Self.commit + Array("\n\n".utf8) }
      owesBegin = true
      try cut(goesOn: false, give)
    case .outside, .inside, .betweenObjects:
      if content.count >= pieceBytes { try cut(goesOn: true, give) }
    }
  }

  private mutating func cut(goesOn: Bool, _ give: (Piece) throws -> Void) rethrows {
    guard !content.isEmpty else { return }
    self.goesOn = goesOn
    var piece = Piece(bytes: [], goesOn: goesOn)
    swap(&piece.bytes, &content)
    try give(piece)
  }

  private mutating func readLine() {
    if !isInLiteral {
      // No statement of its own, or one with nothing but digits in its literal.
      if line.isBlank || line.starts(with: Self.dashes) || line.starts(with: Self.write) { return }
      if line.elementsEqual(Self.begin) || line.starts(with: Self.open) {
        place = .inside
      } else if line.elementsEqual(Self.commit) {
        place = .outside
      } else if line.starts(with: Self.close) {
        place = .betweenObjects
      }
    }
    // A quote in a literal is written twice (PostgreSQL, "Lexical Structure"), and so changes nothing.
    for byte in line where byte == UInt8(ascii: "'") { isInLiteral.toggle() }
    isBetweenStatements = !isInLiteral && line.suffix(2).elementsEqual(Self.end)
  }

  private static let dashes = Array("--".utf8)
  private static let begin = Array("BEGIN;\n".utf8)
  private static let commit = Array("COMMIT;\n".utf8)
  private static let open = Array("SELECT pg_catalog.lo_open('".utf8)
  private static let write = Array("SELECT pg_catalog.lowrite(0, '\\x".utf8)
  private static let close = Array("SELECT pg_catalog.lo_close(0);".utf8)
  private static let end = Array(";\n".utf8)
}

extension [UInt8] {
  fileprivate var isBlank: Bool { allSatisfy { $0 == UInt8(ascii: "\n") } }
}
