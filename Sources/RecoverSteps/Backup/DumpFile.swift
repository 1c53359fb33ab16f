internal import ArchiveKit
internal import Glibc
internal import PostgresKit
internal import RecoverBase
internal import RecoverRepository

/// The dump of a backup while it is written, and its index: members are appended in the order in which they are done.
final class DumpFile: Sendable {
  private let descriptor: Int32
  private let indexDescriptor: Int32
  private let path: String
  private let indexPath: String
  private let state: Monitor<State>

  private struct State {
    var offset: Int64 = 0
    var contentOffset: Int64 = 0
    var members: Int64 = 0
    var digest = DigestBuilder()
    var indexBytes: Int64 = 0
    var indexDigest = DigestBuilder()
    var sums: [ContentSum]
    var chunks: [Int64]
    /// Whose next member must stand right behind the last one.
    var turn: ObjectIdentifier?
  }

  /// What was written.
  struct Summary {
    var file: BackupManifest.File
    var index: BackupManifest.File
    var contentBytes: Int64
    var members: Int64
    /// By the table's place in the manifest.
    var sums: [ContentSum]
    var chunks: [Int64]
  }

  init(directory: String, name: String, tables: Int) throws {
    path = "\(directory)/\(name)"
    indexPath = "\(directory)/\(name).index"
    descriptor = try Self.create(path)
    indexDescriptor = try Self.create(indexPath)
    state = Monitor(
      State(
        sums: Array(repeating: ContentSum(), count: tables), chunks: Array(repeating: 0, count: tables)))
  }

  deinit {
    close(descriptor)
    close(indexDescriptor)
  }

  private static func create(_ path: String) throws -> Int32 {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw RecoverError.system(.noSpace, "can't write \(path)") }
    return descriptor
  }

  /// Appends a member; any thread may, one at a time does.
  ///
  /// - Parameters:
  ///   - writer: who appends.
  ///   - keepsTurn: whether the writer's next member has to stand right behind this one; others wait for that.
  func append(_ member: [UInt8], of content: MemberContent, by writer: ObjectIdentifier, keepsTurn: Bool) throws {
    var digest = DigestBuilder()
    digest.update(member.span)
    let sha256 = digest.finish()
    let trailer = member.suffix(8)
    let crc = trailer.prefix(4).reversed().reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    while true {
      let isDone: Bool? = try state.wait(atMost: .seconds(60)) { state in
        guard state.turn == nil || state.turn == writer else { return nil }
        let entry = MemberEntry(
          offset: state.offset, bytes: Int64(member.count), contentOffset: state.contentOffset,
          contentBytes: content.byteCount, crc32: crc, sha256: sha256, chunks: content.chunks, lines: content.lines,
          largeObjects: content.isOfLargeObjects ? true : nil)
        try write(member, entry, &state)
        if keepsTurn { state.turn = writer }
        return true
      }
      if isDone == true { break }
    }
    if !keepsTurn { endTurn(of: writer) }
  }

  /// Lets others append again, where they wait for a writer.
  func endTurn(of writer: ObjectIdentifier) {
    state.change { if $0.turn == writer { $0.turn = nil } }
  }

  private func write(_ member: [UInt8], _ entry: MemberEntry, _ state: inout State) throws {
    try RunDirectory.writeAll(member[...], to: descriptor, path)
    state.digest.update(member.span)
    let line = try entry.line()
    try RunDirectory.writeAll(line[...], to: indexDescriptor, indexPath)
    state.indexDigest.update(line)
    state.indexBytes += Int64(line.count)
    state.offset += Int64(member.count)
    state.contentOffset += entry.contentBytes
    state.members += 1
    for chunk in entry.chunks {
      state.sums[chunk.table].add(chunk.content)
      state.chunks[chunk.table] += 1
    }
  }

  /// Brings both files to the disk.
  func finish() throws -> Summary {
    for (descriptor, path) in [(descriptor, path), (indexDescriptor, indexPath)] where fsync(descriptor) != 0 {
      throw RecoverError.system(.noSpace, "can't write \(path) to its disk")
    }
    return state.change { state in
      func name(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
      return Summary(
        file: BackupManifest.File(name: name(path), bytes: state.offset, sha256: state.digest.finish()),
        index: BackupManifest.File(
          name: name(indexPath), bytes: state.indexBytes, sha256: state.indexDigest.finish()),
        contentBytes: state.contentOffset, members: state.members, sums: state.sums, chunks: state.chunks)
    }
  }

  /// The bytes of content so far.
  var contentBytes: Int64 { state.change { $0.contentOffset } }
}

/// Compresses the members of one thread and appends them.
final class MemberWriter: DumpMemberSink {
  private let file: DumpFile
  private let compressor: any MemberCompressor
  /// The tables' places in the manifest, by those of the relations in the snapshot.
  private let places: [Int]
  /// What has to be open before a member is appended; nil for the schema itself.
  private let gate: FrontGate?
  private let isOfLargeObjects: Bool
  private let written: @Sendable () -> Void
  private var buffer: [UInt8] = []

  init(
    _ file: DumpFile, _ compressor: any MemberCompressor, places: [Int], behind gate: FrontGate? = nil,
    isOfLargeObjects: Bool = false, written: @escaping @Sendable () -> Void = {}
  ) {
    self.file = file
    self.compressor = compressor
    self.places = places
    self.gate = gate
    self.isOfLargeObjects = isOfLargeObjects
    self.written = written
  }

  deinit { file.endTurn(of: ObjectIdentifier(self)) }

  func write(_ content: Span<UInt8>, _ parts: [DumpMemberPart]) throws { try write(content, parts, keepsTurn: false) }

  /// - Parameter keepsTurn: whether the next member of this writer has to stand right behind this one; others wait until
  ///   it is there, or the writer is gone.
  func write(_ content: Span<UInt8>, _ parts: [DumpMemberPart], keepsTurn: Bool) throws {
    // Taken out for the time: a span can't be lent of a part of an object.
    var member: [UInt8] = []
    swap(&member, &buffer)
    defer { swap(&member, &buffer) }
    try compressor.compress(content, into: &member)
    let chunks = parts.map { part in
      MemberEntry.Chunk(table: places[part.table], offset: Int64(part.offset), content: part.content)
    }
    let described = MemberContent(
      byteCount: Int64(content.count), lines: Self.lines(in: content, parts), chunks: chunks,
      isOfLargeObjects: isOfLargeObjects)
    try gate?.pass()
    try file.append(member, of: described, by: ObjectIdentifier(self), keepsTurn: keepsTurn)
    written()
  }

  /// A row of COPY's text is a line; what stands around the rows is counted.
  private static func lines(in content: Span<UInt8>, _ parts: [DumpMemberPart]) -> Int64 {
    var (lines, end) = (Int64(0), 0)
    func count(_ range: Range<Int>) -> Int64 {
      var found: Int64 = 0
      for index in range where content[index] == UInt8(ascii: "\n") { found += 1 }
      return found
    }
    for part in parts {
      lines += count(end..<part.offset) + part.content.rows
      end = part.offset + part.byteCount
    }
    return lines + count(end..<content.count)
  }
}

/// What the index says of a member's content.
struct MemberContent {
  var byteCount: Int64
  /// How many newlines.
  var lines: Int64
  var chunks: [MemberEntry.Chunk]
  /// Whether there is nothing else in it.
  var isOfLargeObjects: Bool
}
