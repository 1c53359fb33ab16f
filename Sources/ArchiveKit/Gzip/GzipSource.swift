package import RecoverBase

/// The content of a gzip file (RFC 1952), read through zlib in constant memory.
///
/// Any number of members is read as one stream, each with its CRC-32 and length checked. Zero bytes may
/// follow the last member, as tapes and block devices leave them; anything else after it is refused. At the end of
/// the content ``read(into:)`` has checked the whole file.
package struct GzipSource<Source: ByteSource & ~Copyable>: ByteSource, ~Copyable {
  /// What the compressed bytes come from.
  package private(set) var source: Source
  private var inflater: Inflater
  private var phase = Phase.beforeMember
  private var members = 0
  private let name: String

  private enum Phase {
    case beforeMember, insideMember, padding, ended
  }

  /// Reads the members that `source` holds from where it stands.
  ///
  /// - Parameters:
  ///   - name: what errors call the file.
  ///   - bufferBytes: how much compressed data is read at once.
  package init(_ source: consuming Source, named name: String, bufferBytes: Int = 256 << 10) throws {
    inflater = try Inflater(inputBytes: bufferBytes)
    self.source = source
    self.name = name
  }

  /// How many compressed bytes have been inflated, counted as the source counts.
  package var consumedBytes: Int64 { source.consumedBytes - Int64(inflater.pendingBytes) }

  package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var written = 0
    while written < buffer.count {
      // Output may wait inside zlib without any input; everything else needs a byte to look at.
      if phase == .insideMember {
        switch unsafe inflater.inflate(into: buffer, written: &written) {
        case .outputFull, .needsInput: break
        case .memberEnded: phase = .beforeMember
        case .damaged(let reason): throw damage(reason)
        }
      }
      guard inflater.pendingBytes == 0 else {
        try step()
        continue
      }
      // What is there goes out before the next read, so that an error never swallows it.
      if written > 0 { break }
      guard try inflater.refill(from: &source) else {
        try finish()
        break
      }
    }
    return written
  }

  /// Goes on from the next byte of input, outside of a member's data.
  private mutating func step() throws {
    switch phase {
    case .beforeMember: try beginMember()
    case .insideMember: break
    case .padding: try skipPadding()
    case .ended: throw trailingGarbage()
    }
  }

  private mutating func beginMember() throws {
    switch inflater.nextByte {
    case 0x1F:
      inflater.beginMember()
      members += 1
      phase = .insideMember
    case 0 where members > 0: phase = .padding
    default:
      guard members > 0 else {
        throw RecoverError(.backupRefused, "\(name) is not a gzip file: it does not begin with the bytes 1f 8b")
      }
      throw trailingGarbage()
    }
  }

  private mutating func skipPadding() throws {
    while let byte = inflater.nextByte {
      guard byte == 0 else { throw trailingGarbage() }
      inflater.skipByte()
    }
  }

  private func damage(_ reason: String) -> RecoverError {
    RecoverError(
      .backupRefused, "\(name) is damaged at compressed byte \(consumedBytes), in gzip member \(members): \(reason)",
      hint: "use another copy of this backup")
  }

  /// The source has ended: right after a member, or too early.
  private mutating func finish() throws {
    switch phase {
    case .beforeMember where members > 0, .padding, .ended: phase = .ended
    case .beforeMember: throw RecoverError(.backupRefused, "\(name) is empty, not a gzip file")
    case .insideMember:
      throw RecoverError(
        .backupRefused, "\(name) ends at compressed byte \(consumedBytes), in the middle of gzip member \(members)",
        hint: "it was cut off; use another copy of this backup")
    }
  }

  private func trailingGarbage() -> RecoverError {
    RecoverError(
      .backupRefused, "\(name) holds something else than gzip data from compressed byte \(consumedBytes) on",
      hint: "what follows the last gzip member must be zero bytes or nothing")
  }
}
