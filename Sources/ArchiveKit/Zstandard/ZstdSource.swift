package import RecoverBase

/// The content of a Zstandard file (RFC 8878), read through libzstd in constant memory.
///
/// Any number of frames is read as one stream, skippable ones are passed over; each frame's checksum is checked where
/// it has one, as those of the `zstd` program do. Anything else after a frame is refused. Memory is bounded by the
/// window: 128 MiB, which is what `zstd` itself reads without being told otherwise.
package struct ZstdSource<Source: ByteSource & ~Copyable>: ByteSource, ~Copyable {
  /// What the compressed bytes come from.
  package private(set) var source: Source
  private var decoder: ZstdDecoder
  private var frames = 0
  private var isInFrame = false
  /// Whether the last call may have left output inside of the decoder.
  private var mayHoldOutput = false
  private let name: String

  private static var windowLog: Int32 { 27 }

  /// Reads the frames that `source` holds from where it stands.
  ///
  /// - Parameter name: what errors call the file.
  package init(_ source: consuming Source, named name: String) throws {
    decoder = try ZstdDecoder(windowLog: Self.windowLog)
    self.source = source
    self.name = name
  }

  /// How many compressed bytes have been decompressed, counted as the source counts.
  package var consumedBytes: Int64 { source.consumedBytes - Int64(decoder.pendingBytes) }

  package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var written = 0
    while written < buffer.count {
      if decoder.pendingBytes == 0, !mayHoldOutput {
        // What is there goes out before the next read, so that an error never swallows it.
        if written > 0 { break }
        guard try decoder.refill(from: &source) else {
          try finish()
          break
        }
      }
      if !isInFrame { (isInFrame, frames) = (true, frames + 1) }
      let before = written
      let outcome = unsafe decoder.decode(into: buffer, written: &written)
      mayHoldOutput = false
      switch outcome {
      case .frameEnded: isInFrame = false
      case .goesOn: mayHoldOutput = written == buffer.count && written > before
      case .damaged(let reason): throw damage(reason)
      case .windowTooLarge: throw tooLarge()
      }
    }
    return written
  }

  /// The source has ended: right after a frame, or too early.
  private func finish() throws {
    if isInFrame {
      throw RecoverError(
        .backupRefused, "\(name) ends at compressed byte \(consumedBytes), in the middle of zstd frame \(frames)",
        hint: "it was cut off; use another copy of this backup")
    }
    if frames == 0 { throw RecoverError(.backupRefused, "\(name) is empty, not a zstd file") }
  }

  private func damage(_ reason: String) -> RecoverError {
    RecoverError(
      .backupRefused,
      "\(name) is damaged at compressed byte \(consumedBytes), in zstd frame \(frames): \(reason.lowercased())",
      hint: "use another copy of this backup")
  }

  private func tooLarge() -> RecoverError {
    RecoverError(
      .backupRefused,
      "\(name) needs a window of more than 128 MiB to be decompressed, in zstd frame \(frames)",
      hint: "it was made with zstd --long or --ultra; decompress it first: zstd -d --long=31 \(name)")
  }
}
