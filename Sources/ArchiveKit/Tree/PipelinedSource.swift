package import RecoverBase

/// The content of an archive, decompressed by threads of their own while somebody else reads it.
///
/// A few large pieces wait between them: what one writes, the other need not have read, and neither gets far ahead. An
/// archive whose gzip members say how long they are (ours) is inflated by as many threads as there are cores; any
/// other one by one, since where it goes on is only known once that was inflated.
package struct PipelinedSource: ByteSource, ~Copyable {
  private let pipe: ContentPipe
  private var piece = ContentPipe.Piece()
  private var used = 0
  package private(set) var consumedBytes: Int64 = 0

  /// Opens an archive and gives it to `body`; its decompression ends with the body.
  ///
  /// - Parameter threads: that inflate an archive of ours; nil: one a core.
  package static func reading<Value>(
    _ file: TarFile, budget: TarBudget = .standard, threads: Int? = nil, _ interruption: Interruption,
    _ body: (inout TarReader<PipelinedSource>) throws -> Value
  ) throws -> Value {
    let isMarked = try file.compression == .gzip && MarkedMembers.begin(file.path)
    let count = isMarked ? min(16, max(1, threads ?? Machine.coreCount)) : 1
    let pipe = ContentPipe(
      pieces: isMarked ? count + 3 : 8, pieceBytes: isMarked ? MemberStream.memberBytes : 512 << 10)
    let members = isMarked ? try SharedMembers(file) : nil
    return try BlockingThread.crew("recover-inflate", count: count) { _ in
      if let members { members.inflate(into: pipe) } else { pipe.fill(from: file) }
    } lead: {
      defer { pipe.close() }
      var reader = TarReader(
        PipelinedSource(pipe), named: file.path, budget: budget, bufferBytes: 64 << 10, interruption: interruption)
      try reader.select(file.selection)
      return try body(&reader)
    }
  }

  private init(_ pipe: ContentPipe) { self.pipe = pipe }

  package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    if used == piece.count {
      // Given back before the next one is waited for.
      guard let next = try pipe.next(returning: piece) else {
        piece = ContentPipe.Piece()
        used = 0
        return 0
      }
      piece = next
      used = 0
      consumedBytes = next.consumedBytes
    }
    let count = min(buffer.count, piece.count - used)
    unsafe piece.bytes.withUnsafeBytes { bytes in
      unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[used..<used + count]))
    }
    used += count
    return count
  }

  /// The digest of the file on disk, once its end was read.
  package var fileDigest: Digest? { pipe.ending?.digest }

  /// The size of the file on disk, once its end was read.
  package var fileBytes: Int64? { pipe.ending?.fileBytes }
}

extension TarReader where Source == PipelinedSource {
  /// The digest of the file on disk, once the archive was read to its end.
  package var fileDigest: Digest? { input.source.fileDigest }

  /// The size of the file on disk; what was read of it, before its end was.
  package var fileBytes: Int64 { input.source.fileBytes ?? consumedBytes }
}
