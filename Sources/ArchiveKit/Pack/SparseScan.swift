internal import Glibc

/// Finds the holes of a file (lseek(2), SEEK_DATA and SEEK_HOLE).
enum SparseScan {
  // Swift's Glibc lacks both.
  private static let (seekData, seekHole): (Int32, Int32) = (3, 4)

  /// The pieces that have data; nil for a file without holes, or on a file system that knows none.
  ///
  /// The map of a file with more pieces than are read again ends in one that goes to the end, its holes written out.
  static func map(_ file: Int32, _ status: FileStatus) -> TarSparseMap? {
    // Most files have as many blocks as bytes: no further call for those.
    guard status.size > 0, status.blocks * 512 < UInt64(status.size) else { return nil }
    var pieces: [TarSparsePiece] = []
    var place: Int64 = 0
    while place < status.size {
      let data = Int64(lseek(file, off_t(place), seekData))
      if data < 0 {
        guard errno == ENXIO else { return nil }
        break
      }
      var hole = Int64(lseek(file, off_t(data), seekHole))
      // It may have grown or shrunk meanwhile; that is found out later.
      if hole < 0 || hole > status.size || pieces.count == TarSparseMap.pieceLimit - 2 { hole = status.size }
      guard hole > data else { break }
      pieces.append(TarSparsePiece(offset: data, byteCount: hole - data))
      place = hole
    }
    if pieces == [TarSparsePiece(offset: 0, byteCount: status.size)] { return nil }
    // As GNU tar marks where a file ends that ends in a hole.
    if pieces.last?.end != status.size { pieces.append(TarSparsePiece(offset: status.size, byteCount: 0)) }
    return try? TarSparseMap(pieces, size: status.size)
  }
}
