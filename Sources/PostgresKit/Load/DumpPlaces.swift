/// Where the lines and bytes of a part of a dump stand in the whole, so that errors name places that people can look at.
package struct DumpPlaces: Sendable, Hashable {
  /// In the order of the part.
  private var pieces: [Piece] = []
  /// Where the whole is itself a part of something.
  private var outer: [Piece] = []

  private struct Piece: Sendable, Hashable {
    var offset: Int64
    var bytesBefore: Int64
    var linesBefore: Int64
  }

  /// The whole itself.
  package init() {}

  /// - Parameters:
  ///   - part: the entries of the part.
  ///   - whole: the same entries, where they stand in the whole.
  init(_ part: [DumpEntry], in whole: some Sequence<DumpEntry>) {
    for (entry, original) in zip(part, whole) {
      let (bytes, lines) = (original.offset - entry.offset, original.line - entry.line)
      if let last = pieces.last, last.bytesBefore == bytes, last.linesBefore == lines { continue }
      pieces.append(Piece(offset: entry.offset, bytesBefore: bytes, linesBefore: lines))
    }
  }

  /// - Parameter shifts: by how much what begins at an offset of the part stands further back in the whole; in the
  ///   order of the part.
  package init(shifts: [(from: Int64, bytes: Int64, lines: Int64)]) {
    pieces = shifts.map { Piece(offset: $0.from, bytesBefore: $0.bytes, linesBefore: $0.lines) }
  }

  /// The places in what the whole is a part of.
  ///
  /// - Parameter outer: of a whole that is a part of nothing further.
  package func within(_ outer: DumpPlaces) -> DumpPlaces {
    var places = self
    places.outer = outer.pieces
    return places
  }

  /// The line and the byte in the whole.
  package func original(line: Int64, offset: Int64) -> (line: Int64, offset: Int64) {
    let (line, offset) = Self.original(line, offset, pieces)
    return Self.original(line, offset, outer)
  }

  private static func original(_ line: Int64, _ offset: Int64, _ pieces: [Piece]) -> (line: Int64, offset: Int64) {
    var (low, high) = (0, pieces.count)
    while low < high {
      let middle = (low + high) / 2
      if pieces[middle].offset <= offset { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return (line, offset) }
    return (line + pieces[low - 1].linesBefore, offset + pieces[low - 1].bytesBefore)
  }
}
