internal import Glibc
internal import RecoverBase

/// The plain dump of an archive, front to back from where it was opened.
package struct ArchiveSource: ByteSource, ~Copyable {
  private let dump: ArchiveDump
  private let layout: ArchiveLayout
  private let interruption: Interruption?
  private var place: Place
  /// The offset of the next byte in the plain dump; progress is told in those.
  package private(set) var consumedBytes: Int64

  enum Place {
    /// So far into what stands before all pieces.
    case front(Int)
    case piece(Int, ArchiveStream?)
    case end(Int)
  }

  init(
    _ dump: ArchiveDump, _ layout: ArchiveLayout, _ place: Place, at offset: Int64, _ interruption: Interruption?
  ) throws {
    self.dump = dump
    self.layout = layout
    self.interruption = interruption
    self.place = place
    consumedBytes = offset
  }

  deinit {
    if case .piece(_, let stream?) = place, !stream.isOver { dump.park(stream) }
  }

  package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    while true {
      let count: Int
      switch place {
      case .front(let index):
        count = unsafe Self.copy(layout.front[index...], into: buffer)
        place = index + count == layout.front.count ? .piece(0, nil) : .front(index + count)
      case .piece(let piece, _) where piece == layout.cuts.pieces.count:
        place = .end(0)
        continue
      case .piece(let piece, nil):
        place = .piece(piece, try ArchiveStream(dump.path, layout, piece: piece, base: consumedBytes))
        continue
      case .piece(let piece, let stream?):
        count = try unsafe stream.read(into: buffer, interruption)
        if count == 0 {
          try dump.note(end: consumedBytes, of: piece, layout)
          place = .piece(piece + 1, nil)
          continue
        }
      case .end(let index):
        count = unsafe Self.copy(layout.end[index...], into: buffer)
        place = .end(index + count)
      }
      consumedBytes += Int64(count)
      return count
    }
  }

  private static func copy(_ bytes: ArraySlice<UInt8>, into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(bytes.count, buffer.count)
    unsafe buffer.copyBytes(from: bytes.prefix(count))
    return count
  }

  /// Reads and forgets the bytes up to an offset.
  ///
  /// - Throws: ``RecoverError`` `backupRefused` where the dump ends before it.
  mutating func skip(to offset: Int64) throws {
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while consumedBytes < offset {
      let size = Int(min(offset - consumedBytes, Int64(buffer.count)))
      let count = try unsafe buffer.withUnsafeMutableBytes { bytes in
        try unsafe read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<size]))
      }
      guard count > 0 else {
        throw RecoverError(.backupRefused, "the backup is shorter than it was: byte \(offset) is not there any more")
      }
    }
  }
}
