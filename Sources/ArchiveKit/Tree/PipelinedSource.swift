package import RecoverBase

/// The content of an archive, decompressed by a thread of its own while somebody else reads it.
///
/// A few large pieces wait between the two: what one writes, the other need not have read, and neither gets far ahead.
package struct PipelinedSource: ByteSource, ~Copyable {
  private let pipe: Pipe
  private var piece = Pipe.Piece(bytes: [], count: 0)
  private var used = 0
  package private(set) var consumedBytes: Int64 = 0

  /// Opens an archive and gives it to `body`; its decompression ends with the body.
  package static func reading<Value>(
    _ file: TarFile, budget: TarBudget = .standard, _ interruption: Interruption,
    _ body: (inout TarReader<PipelinedSource>) throws -> Value
  ) throws -> Value {
    let pipe = Pipe()
    return try BlockingThread.alongside("recover-inflate") { stop in
      pipe.fill(from: file, stop)
    } _: {
      defer { pipe.close() }
      var reader = TarReader(
        PipelinedSource(pipe), named: file.path, budget: budget, bufferBytes: 64 << 10, interruption: interruption)
      return try body(&reader)
    }
  }

  private init(_ pipe: Pipe) { self.pipe = pipe }

  package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    if used == piece.count {
      guard let next = try pipe.next(returning: piece) else { return 0 }
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
  package var fileDigest: Digest? { pipe.fileDigest }
}

extension TarReader where Source == PipelinedSource {
  /// The digest of the file on disk, once the archive was read to its end.
  package var fileDigest: Digest? { input.source.fileDigest }
}

/// What stands between the two threads.
private final class Pipe: Sendable {
  struct Piece {
    var bytes: [UInt8]
    var count: Int
    var consumedBytes: Int64 = 0
  }

  private struct State {
    var full: [Piece] = []
    var free: [[UInt8]]
    /// How it ended; nil while it goes on.
    var end: Result<Digest, any Error>?
    var isClosed = false
  }

  private static let (pieceBytes, pieceCount) = (512 << 10, 8)

  private let state = Monitor(
    State(free: (0..<pieceCount).map { _ in [UInt8](repeating: 0, count: pieceBytes) }))

  /// Decompresses the file until its end, an error, or until nobody reads any more.
  func fill(from file: TarFile, _ stop: Interruption) {
    let end = Result {
      var content = try TarContent(file)
      while var bytes = takeFree(), !stop.isRaised {
        let count = try unsafe bytes.withUnsafeMutableBytes { try unsafe content.read(into: $0) }
        if count == 0 { break }
        let piece = Piece(bytes: bytes, count: count, consumedBytes: content.consumedBytes)
        state.change { $0.full.append(piece) }
      }
      return content.fileDigest
    }
    state.change { $0.end = end }
  }

  /// A buffer that nobody uses; nil once the reader has gone.
  private func takeFree() -> [UInt8]? {
    while true {
      let answer: [UInt8]?? = state.wait(atMost: .seconds(60)) { state in
        if state.isClosed { return .some(nil) }
        return state.free.popLast().map { .some($0) }
      }
      if let answer { return answer }
    }
  }

  /// The next piece; nil at the end.
  func next(returning used: Piece) throws -> Piece? {
    if !used.bytes.isEmpty { state.change { $0.free.append(used.bytes) } }
    while true {
      let answer: Piece?? = try state.wait(atMost: .seconds(60)) { state in
        if !state.full.isEmpty { return .some(state.full.removeFirst()) }
        guard let end = state.end else { return nil }
        _ = try end.get()
        return .some(nil)
      }
      if let answer { return answer }
    }
  }

  func close() { state.change { $0.isClosed = true } }

  var fileDigest: Digest? { state.change { state in try? state.end?.get() } }
}
