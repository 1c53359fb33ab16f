internal import Glibc
internal import RecoverBase

/// Hashes files as an extraction hashed what it wrote.
final class ContentDigest {
  private var buffer = [UInt8](repeating: 0, count: 256 << 10)
  private var readBytes: Int64 = 0

  func takeReadBytes() -> Int64 {
    defer { readBytes = 0 }
    return readBytes
  }

  /// - Returns: nil where the file has the digest; else 0, since only the whole is known to differ, or the first byte
  ///   in what should be a hole.
  func isSame(_ file: Int32, size: Int64, _ digest: Digest, _ pieces: [TarSparsePiece]?) throws -> Int64? {
    var hasher = DigestBuilder()
    var end: Int64 = 0
    for piece in pieces ?? [TarSparsePiece(offset: 0, byteCount: size)] {
      if let place = FileHole.firstData(from: end, to: piece.offset, file, &buffer) { return place }
      guard try add(piece, of: file, to: &hasher) else { return piece.offset }
      end = piece.offset + piece.byteCount
    }
    if let place = FileHole.firstData(from: end, to: size, file, &buffer) { return place }
    return hasher.finish() == digest ? nil : 0
  }

  /// - Returns: false where the file ends before the piece does.
  private func add(_ piece: TarSparsePiece, of file: Int32, to hasher: inout DigestBuilder) throws -> Bool {
    var place = piece.offset
    let end = piece.offset + piece.byteCount
    while place < end {
      let wanted = Int(min(Int64(buffer.count), end - place))
      let count = unsafe buffer.withUnsafeMutableBytes { unsafe pread(file, $0.baseAddress, wanted, off_t(place)) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw RecoverError.system(.stepFailed, "can't read a file back") }
      if count == 0 { return false }
      unsafe buffer.withUnsafeBytes { unsafe hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count]).bytes) }
      place += Int64(count)
      readBytes += Int64(count)
    }
    return true
  }
}

/// What should read as zeros.
enum FileHole {
  /// SEEK_DATA (lseek(2)), which Swift's Glibc lacks.
  private static let seekData: Int32 = 3

  /// The first byte of a range that is not zero; holes of the file are passed over without reading.
  static func firstData(from start: Int64, to end: Int64, _ file: Int32, _ buffer: inout [UInt8]) -> Int64? {
    var place = start
    while place < end {
      let data = Int64(lseek(file, off_t(place), seekData))
      if data < 0 {
        // ENXIO: nothing but a hole is left. A file system without holes has data everywhere.
        if errno == ENXIO { return nil }
      } else {
        place = max(place, data)
      }
      let wanted = Int(min(Int64(buffer.count), end - place))
      guard wanted > 0 else { return nil }
      let count = unsafe buffer.withUnsafeMutableBytes { unsafe pread(file, $0.baseAddress, wanted, off_t(place)) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return place }
      if let index = buffer[..<count].firstIndex(where: { $0 != 0 }) { return place + Int64(index) }
      place += Int64(count)
    }
    return nil
  }
}
