/// Where the lines and bytes of a part of a dump stand in the whole, so that errors name places that people can look at.
package struct DumpPlaces: Sendable, Hashable {
  /// In the order of the part.
  private var pieces: [Piece] = []

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

  /// The line and the byte in the whole.
  func original(line: Int64, offset: Int64) -> (line: Int64, offset: Int64) {
    var (low, high) = (0, pieces.count)
    while low < high {
      let middle = (low + high) / 2
      if pieces[middle].offset <= offset { low = middle + 1 } else { high = middle }
    }
    guard low > 0 else { return (line, offset) }
    return (line + pieces[low - 1].linesBefore, offset + pieces[low - 1].bytesBefore)
  }
}
