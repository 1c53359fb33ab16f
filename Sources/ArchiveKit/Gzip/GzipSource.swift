package import RecoverBase

/// The content of a gzip file (RFC 1952), read through zlib in constant memory.
///
/// Any number of members is read as one stream, each with its CRC-32 and length checked. Zero bytes may
/// follow the last member, as tapes and block devices leave them; anything else after it is refused. At the end of
/// the content ``read(into:)`` has checked the whole file, or all of it behind the point that it began at.
package struct GzipSource<Source: ByteSource & ~Copyable>: ByteSource, ~Copyable {
  /// What the compressed bytes come from.
  package private(set) var source: Source
  private var inflater: Inflater
  private var phase = Phase.beforeMember
  private var members = 0
  private let name: String
  /// The offset of the next byte in the content.
  package private(set) var contentOffset: Int64 = 0
  private var recorder: GzipAccessRecorder?

  private enum Phase {
    case beforeMember, insideMember, padding, ended
    /// In a member that was entered in its middle.
    case insideRest(MemberRest)
    /// In the eight bytes behind its data.
    case trailer(MemberRest)
  }

  /// Reads the members that `source` holds from where it stands.
  ///
  /// - Parameters:
  ///   - name: what errors call the file.
  ///   - bufferBytes: how much compressed data is read at once.
  ///   - recorder: told the places from which the content can be read later.
  package init(
    _ source: consuming Source, named name: String, bufferBytes: Int = 256 << 10, recorder: GzipAccessRecorder? = nil
  ) throws {
    inflater = try Inflater(inputBytes: bufferBytes)
    self.source = source
    self.name = name
    self.recorder = recorder
  }

  /// Reads on from a point that was recorded.
  ///
  /// The rest of the member that the point is in is checked like a whole one, since the point holds the checksum of
  /// what comes before; what comes before it is not read, and so not checked again.
  ///
  /// - Parameters:
  ///   - source: positioned at the point's ``GzipAccessPoint/fileOffset``.
  ///   - window: what was recorded with the point.
  /// - Throws: ``RecoverError`` `backupRefused` when the window is damaged, or the source has ended.
  package init(
    _ source: consuming Source, named name: String, at point: GzipAccessPoint, window: [UInt8],
    bufferBytes: Int = 256 << 10
  ) throws {
    var inflater = try Inflater(inputBytes: bufferBytes)
    var source = source
    if let rest = point.rest {
      do {
        try Self.enter(rest, window, &inflater, &source)
      } catch let reason as BadPoint {
        throw Self.damage(name, point.fileOffset, point.member, reason.rawValue)
      }
      phase = .insideRest(MemberRest(checksum: rest.checksum, byteCount: rest.byteCount))
      members = point.member
    } else {
      members = point.member - 1
    }
    self.inflater = inflater
    self.source = source
    self.name = name
    contentOffset = point.offset
  }

  private enum BadPoint: String, Error {
    case window = "the window that was kept for this place is damaged"
    case end = "the file ends before this place"
  }

  /// Gets ready to inflate the rest of a member.
  private static func enter(
    _ rest: GzipAccessPoint.Rest, _ window: [UInt8], _ inflater: inout Inflater, _ source: inout Source
  ) throws {
    guard let dictionary = Window.unpacked(window) else { throw BadPoint.window }
    inflater.beginRest()
    if rest.bits > 0 {
      guard try inflater.refill(from: &source), let byte = inflater.nextByte else { throw BadPoint.end }
      inflater.skipByte()
      inflater.prime(byte, bits: rest.bits)
    }
    inflater.setWindow(dictionary)
  }

  /// How many compressed bytes have been inflated, counted as the source counts.
  package var consumedBytes: Int64 { source.consumedBytes - Int64(inflater.pendingBytes) }

  package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var written = 0
    while written < buffer.count {
      // Output may wait inside zlib without any input; everything else needs a byte to look at.
      try unsafe inflate(into: buffer, written: &written)
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

  /// Inflates as much as there is room and input for, where the data of a member goes on.
  private mutating func inflate(into buffer: UnsafeMutableRawBufferPointer, written: inout Int) throws {
    let before = written
    let outcome: Inflater.Outcome
    switch phase {
    case .insideMember:
      let isDue = recorder?.isDue(at: contentOffset) == true
      outcome = unsafe inflater.inflate(into: buffer, written: &written, stopsAtBlocks: isDue)
      contentOffset += Int64(written - before)
      if isDue, inflater.isBetweenBlocks { try recordBlock() }
    case .insideRest(var rest):
      outcome = unsafe inflater.inflate(into: buffer, written: &written, stopsAtBlocks: false)
      contentOffset += Int64(written - before)
      unsafe rest.add(UnsafeRawBufferPointer(rebasing: buffer[before..<written]))
      phase = .insideRest(rest)
    case .beforeMember, .trailer, .padding, .ended: return
    }
    switch (outcome, phase) {
    case (.outputFull, _), (.needsInput, _), (.blockEnded, _): break
    case (.memberEnded, .insideRest(let rest)): phase = .trailer(rest)
    case (.memberEnded, _): phase = .beforeMember
    case (.damaged(let reason), _): throw damage(reason)
    }
  }

  /// Goes on from the next byte of input, outside of a member's data.
  private mutating func step() throws {
    switch phase {
    case .beforeMember: try beginMember()
    case .insideMember, .insideRest: break
    case .trailer(let rest): try readTrailer(of: rest)
    case .padding: try skipPadding()
    case .ended: throw trailingGarbage()
    }
  }

  private mutating func beginMember() throws {
    switch inflater.nextByte {
    case 0x1F:
      members += 1
      if recorder?.isDue(at: contentOffset) == true {
        let point = GzipAccessPoint(offset: contentOffset, fileOffset: consumedBytes, member: members)
        try recorder?.add(point, window: [])
      }
      inflater.beginMember()
      phase = .insideMember
    case 0 where members > 0: phase = .padding
    default:
      guard members > 0 else {
        throw RecoverError(.backupRefused, "\(name) is not a gzip file: it does not begin with the bytes 1f 8b")
      }
      throw trailingGarbage()
    }
  }

  private mutating func recordBlock() throws {
    let place = inflater.memberPlace
    let rest = GzipAccessPoint.Rest(bits: place.unusedBits, checksum: place.checksum, byteCount: place.byteCount)
    let fileOffset = consumedBytes - (place.unusedBits > 0 ? 1 : 0)
    let point = GzipAccessPoint(offset: contentOffset, fileOffset: fileOffset, member: members, rest: rest)
    try recorder?.add(point, window: Window.packed(inflater.window))
  }

  /// The next byte of what a member that was entered in its middle ends with.
  private mutating func readTrailer(of rest: MemberRest) throws {
    var rest = rest
    while !rest.isTrailerWhole, let byte = inflater.nextByte {
      rest.trailer.append(byte)
      inflater.skipByte()
    }
    phase = .trailer(rest)
    guard rest.isTrailerWhole else { return }
    if let reason = rest.complaint { throw damage(reason) }
    phase = .beforeMember
  }

  private mutating func skipPadding() throws {
    while let byte = inflater.nextByte {
      guard byte == 0 else { throw trailingGarbage() }
      inflater.skipByte()
    }
  }

  private func damage(_ reason: String) -> RecoverError {
    Self.damage(name, consumedBytes, members, reason)
  }

  private static func damage(_ name: String, _ byte: Int64, _ member: Int, _ reason: String) -> RecoverError {
    RecoverError(
      .backupRefused, "\(name) is damaged at compressed byte \(byte), in gzip member \(member): \(reason)",
      hint: "use another copy of this backup")
  }

  /// The source has ended: right after a member, or too early.
  private mutating func finish() throws {
    switch phase {
    case .beforeMember where members > 0, .padding, .ended: phase = .ended
    case .beforeMember: throw RecoverError(.backupRefused, "\(name) is empty, not a gzip file")
    case .insideMember, .insideRest, .trailer:
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
