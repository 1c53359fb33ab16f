/// A piece of a sparse file that has data; everything between the pieces reads as zeros.
package struct TarSparsePiece: Sendable, Hashable {
  /// Where it stands in the file.
  package var offset: Int64
  package var byteCount: Int64

  var end: Int64 { offset + byteCount }
}

/// Where the data of a sparse file belongs.
package struct TarSparseMap: Sendable, Hashable {
  /// In ascending order, not overlapping, inside of the file.
  package let pieces: [TarSparsePiece]
  /// How many bytes of data there are.
  let dataBytes: Int64

  /// So many pieces are read; they are kept while the file is (16 MiB).
  static let pieceLimit = 1 << 20

  /// - Parameter size: of the file.
  /// - Throws: what is wrong with it.
  init(_ pieces: [TarSparsePiece], size: Int64) throws(TarFault) {
    var end: Int64 = 0
    var bytes: Int64 = 0
    for piece in pieces {
      guard piece.offset >= end, piece.byteCount >= 0 else {
        throw TarFault("the pieces of its sparse map are negative, overlap, or stand in no order")
      }
      // Both are within 63 bits, so the difference is.
      guard piece.offset <= size, piece.byteCount <= size - piece.offset else {
        throw TarFault("its sparse map goes beyond its size of \(size) bytes")
      }
      end = piece.end
      bytes += piece.byteCount
    }
    self.pieces = pieces
    dataBytes = bytes
  }
}

/// What is wrong with an archive; the reader adds where.
struct TarFault: Error {
  let reason: String
  init(_ reason: String) { self.reason = reason }
}
