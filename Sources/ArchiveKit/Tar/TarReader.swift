package import RecoverBase

/// Reads a tar archive front to back in constant memory: v7, ustar, star, GNU and PAX.
///
/// There is one meaning or none: what two programs would read in two ways is refused, with the byte and the member.
/// docs/tar-format.md has the list. Every byte is read and every rule checked once ``next()`` has returned nil:
/// that the archive ends with zero blocks, and that nothing else follows them.
package struct TarReader<Source: ByteSource & ~Copyable>: ~Copyable {
  var input: TarInput<Source>
  let name: String
  let budget: TarBudget
  private let interruption: Interruption?
  private(set) var member: TarMember?
  private var phase = Phase.headers
  /// What holds for all members from here on.
  private var everyone = PaxFields()
  private var entries: Int64 = 0
  private var contentBytes: Int64 = 0
  /// Which members ``next()`` gives out; nil for all.
  var picker: TarPicker?
  /// How the archive ended; nil before it has.
  package private(set) var ending: Ending?

  /// What follows the last member.
  package enum Ending: Sendable, Hashable {
    /// Two blocks of zeros or more, as POSIX asks for.
    case complete
    /// One block of zeros, then nothing: every member is whole, but some program wrote half of the mark.
    case oneBlock
  }

  private enum Phase {
    case headers
    /// In the data of a member.
    case data(TarDataPlace)
    case ended
  }

  /// Reads the archive that `source` holds from where it stands.
  ///
  /// - Parameter name: what errors call the file.
  package init(
    _ source: consuming Source, named name: String, budget: TarBudget = .standard, bufferBytes: Int = 256 << 10,
    interruption: Interruption? = nil
  ) {
    input = TarInput(source, bufferBytes: max(bufferBytes, TarHeader.byteCount))
    self.name = name
    self.budget = budget
    self.interruption = interruption
  }

  /// How many bytes of the file underneath have been used.
  package var consumedBytes: Int64 { input.source.consumedBytes }
  /// How many bytes of the decompressed archive have been read.
  package var archiveBytes: Int64 { input.offset }

  /// Goes to the next member, whether it is taken or not; what was not read of the last one is passed over.
  ///
  /// - Returns: nil at the end of an archive that is whole.
  /// - Throws: ``RecoverError`` `backupRefused` with the place; `interrupted`.
  mutating func nextEntry() throws -> TarMember? {
    try interruption?.check()
    if case .ended = phase { return nil }
    try finishData()
    member = nil
    var headers = TarHeaders(offset: input.offset, everyone: everyone)
    while true {
      let start = input.offset
      let block = try input.block()
      guard block.count == TarHeader.byteCount else { throw cutOff(block, headers) }
      if TarHeader.isZero(block) {
        if let pending = headers.pending { throw fault(TarFault("\(pending) is followed by no member"), at: start) }
        try finish(after: start)
        return nil
      }
      try count(entryAt: start)
      do {
        if let found = try read(block, &headers, at: start) { return found }
      } catch let problem as TarFault {
        throw fault(problem, at: start, in: headers.name ?? Self.name(in: block))
      }
    }
  }

  /// Reads the data of the current member, passing over its holes.
  ///
  /// - Returns: where the bytes stand in the file and how many there are; nil at their end.
  package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> TarSparsePiece? {
    guard case .data(var place) = phase, let piece = place.rest, buffer.count > 0 else { return nil }
    try interruption?.check()
    let count = try unsafe input.read(into: buffer, atMost: piece.byteCount)
    guard count > 0 else { throw cutOffInData() }
    place.advance(Int64(count))
    phase = .data(place)
    return TarSparsePiece(offset: piece.offset, byteCount: Int64(count))
  }

  // MARK: Headers

  /// - Returns: the member, where this block completes one.
  private mutating func read(_ block: [UInt8], _ headers: inout TarHeaders, at start: Int64) throws -> TarMember? {
    guard TarHeader.isChecksumRight(block) else {
      throw TarFault(start == 0 ? "it is not a tar archive" : "the checksum of a header is wrong")
    }
    guard let header = TarHeader(block) else { throw TarFault("a header has a magic of no known format") }
    switch header.typeflag {
    case UInt8(ascii: "g"):
      guard headers.pending == nil else { throw TarFault("a global header stands between a member and its header") }
      try everyone.apply(try PaxRecords(try payload(of: header)), scope: .everything)
      headers = TarHeaders(offset: input.offset, everyone: everyone)
    case UInt8(ascii: "x"), UInt8(ascii: "X"): try headers.add(try PaxRecords(try payload(of: header)))
    case UInt8(ascii: "L"): try headers.add(longName: try payload(of: header))
    case UInt8(ascii: "K"): try headers.add(longLink: try payload(of: header))
    default:
      var found = try headers.member(header)
      try addSparseMap(to: &found, header, headers)
      try begin(found)
      return found
    }
    return nil
  }

  /// The data of an extended header.
  private mutating func payload(of header: TarHeader) throws -> [UInt8] {
    guard let size = header.size, size >= 0 else { throw TarFault("the size of an extended header is no number") }
    guard size <= TarBudget.extendedHeaderBytes else {
      throw TarFault("an extended header is larger than \(ByteCount(TarBudget.extendedHeaderBytes))")
    }
    return try payload(byteCount: Int(size))
  }

  /// Bytes, and the padding behind them.
  mutating func payload(byteCount: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: byteCount)
    var filled = 0
    while filled < byteCount {
      let read = try unsafe bytes.withUnsafeMutableBytes { buffer in
        try unsafe input.read(
          into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]), atMost: Int64(byteCount - filled))
      }
      guard read > 0 else { throw cutOff("inside of an extended header") }
      filled += read
    }
    let padding = Self.padding(Int64(byteCount))
    guard try input.skip(padding) == padding else { throw cutOff("inside of an extended header") }
    return bytes
  }

  /// How many bytes fill up the last block.
  static func padding(_ byteCount: Int64) -> Int64 { (512 - byteCount % 512) % 512 }

  // MARK: Data

  private mutating func begin(_ found: TarMember) throws {
    let (content, overflow) = contentBytes.addingReportingOverflow(found.size)
    guard !overflow, content <= budget.contentBytes else {
      throw TarFault("with it the content is more than \(ByteCount(budget.contentBytes)), which is the limit")
    }
    contentBytes = content
    member = found
    phase = .data(TarDataPlace(found))
  }

  private mutating func finishData() throws {
    guard case .data(let place) = phase else { return }
    let left = place.leftBytes + Self.padding(place.storedBytes)
    guard try input.skip(left) == left else { throw cutOffInData() }
    phase = .headers
  }

  private mutating func count(entryAt start: Int64) throws {
    entries += 1
    guard entries <= budget.entries else {
      throw fault(TarFault("there are more than \(budget.entries) entries, which is the limit"), at: start)
    }
    guard start <= budget.archiveBytes else {
      throw fault(TarFault("it is larger than \(ByteCount(budget.archiveBytes)), which is the limit"), at: start)
    }
  }

  // MARK: The end

  /// The first block of zeros has been read, at `start`.
  private mutating func finish(after start: Int64) throws {
    let block = try input.block()
    ending = block.count == TarHeader.byteCount ? .complete : .oneBlock
    let index = block.firstIndex { $0 != 0 }.map { start + 512 + Int64($0) }
    if let place = try index ?? input.skipZeros() {
      throw fault(TarFault("something else than zeros follows the end of the archive"), at: place)
    }
    phase = .ended
  }
}

// MARK: What is wrong

extension TarReader where Source: ~Copyable {
  func fault(_ problem: TarFault, at place: Int64, in name: TarName? = nil) -> RecoverError {
    let subject = (name ?? member?.name).map { ", in the member \($0)" } ?? ""
    return RecoverError(
      .backupRefused, "\(self.name) is refused at tar byte \(place)\(subject): \(problem.reason)",
      hint: "use another copy of this archive, or unpack it by hand with the program that made it")
  }

  /// The name that the header of a member itself gives it; nil for headers of other kinds, and damaged ones.
  private static func name(in block: [UInt8]) -> TarName? {
    guard TarHeader.isChecksumRight(block), let header = TarHeader(block), !header.name.isEmpty else { return nil }
    return "gxXLK".utf8.contains(header.typeflag) ? nil : TarName(header.name)
  }

  private func cutOff(_ block: [UInt8], _ headers: TarHeaders) -> RecoverError {
    if input.offset == 0 { return RecoverError(.backupRefused, "\(name) is empty, not a tar archive") }
    if input.offset < 512 { return RecoverError(.backupRefused, "\(name) is too short to be a tar archive") }
    return block.isEmpty && headers.pending == nil
      ? cutOff("without the two blocks of zeros that end an archive") : cutOff("inside of a header")
  }

  func cutOffInData() -> RecoverError {
    cutOff("inside of the data of \(member.map { "\($0.name)" } ?? "a member")")
  }

  func cutOff(_ place: String) -> RecoverError {
    RecoverError(
      .backupRefused, "\(name) ends at tar byte \(input.offset), \(place)",
      hint: "it was cut off; use another copy of this archive")
  }
}

/// How far the data of a member has been read.
struct TarDataPlace {
  /// What stands in the archive, to be padded.
  let storedBytes: Int64
  private let pieces: [TarSparsePiece]
  private var index = 0
  private var done: Int64 = 0
  private(set) var leftBytes: Int64

  init(_ member: TarMember) {
    storedBytes = member.dataBytes
    leftBytes = member.dataBytes
    pieces = member.sparse?.pieces ?? [TarSparsePiece(offset: 0, byteCount: member.dataBytes)]
    passEmpty()
  }

  /// What is next, in the file; nil at the end.
  var rest: TarSparsePiece? {
    guard index < pieces.count else { return nil }
    return TarSparsePiece(offset: pieces[index].offset + done, byteCount: pieces[index].byteCount - done)
  }

  mutating func advance(_ count: Int64) {
    done += count
    leftBytes -= count
    passEmpty()
  }

  private mutating func passEmpty() {
    while index < pieces.count, done == pieces[index].byteCount { (index, done) = (index + 1, 0) }
  }
}
