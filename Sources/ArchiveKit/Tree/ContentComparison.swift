internal import Glibc
internal import RecoverBase

/// Compares the data of a member with a file, in pieces; what the archive has as holes must read as zeros.
final class ContentComparison {
  private var theirs = [UInt8](repeating: 0, count: 256 << 10)
  private var ours = [UInt8](repeating: 0, count: 256 << 10)

  /// - Returns: the place of the first byte that differs, near enough for people: of the piece that it is in.
  func firstDifference<Source: ByteSource & ~Copyable>(
    _ member: TarMember, _ reader: inout TarReader<Source>, _ file: Int32
  ) throws -> Int64? {
    var end: Int64 = 0
    while let piece = try unsafe theirs.withUnsafeMutableBytes({ try unsafe reader.read(into: $0) }) {
      if let place = FileHole.firstData(from: end, to: piece.offset, file, &ours) { return place }
      let count = Int(piece.byteCount)
      guard read(count, at: piece.offset, file) else { return piece.offset }
      if let index = firstDifference(count) { return piece.offset + Int64(index) }
      end = piece.offset + piece.byteCount
    }
    return FileHole.firstData(from: end, to: member.size, file, &ours)
  }

  private func firstDifference(_ count: Int) -> Int? {
    let isSame = unsafe theirs.withUnsafeBytes { theirs in
      unsafe ours.withUnsafeBytes { ours in
        guard let first = theirs.baseAddress, let second = ours.baseAddress else { return true }
        return unsafe memcmp(first, second, count) == 0
      }
    }
    return isSame ? nil : (0..<count).first { theirs[$0] != ours[$0] }
  }

  /// Reads all of so many bytes.
  private func read(_ count: Int, at offset: Int64, _ file: Int32) -> Bool {
    var filled = 0
    while filled < count {
      let read = unsafe ours.withUnsafeMutableBytes { bytes in
        unsafe pread(file, bytes.baseAddress?.advanced(by: filled), count - filled, off_t(offset) + off_t(filled))
      }
      if read < 0, errno == EINTR { continue }
      guard read > 0 else { return false }
      filled += read
    }
    return true
  }
}
