internal import RecoverBase
internal import RecoverRepository

/// Goes over the index of a backup's dump, member by member, and compares it with the manifest on its way.
struct MemberWalk: ~Copyable {
  private let directory: BackupDirectory
  private let manifest: BackupManifest
  private var index: LineReader<FileSource>
  private var check: IndexCheck
  private var number = 0
  /// How many chunks of each table there were.
  private var chunks: [Int64]

  struct Member {
    /// From 1 on.
    var number: Int
    var entry: MemberEntry
    /// `member 7, bytes 100 to 200, with chunk 3 of table public.t and 2 more`.
    var text: String
  }

  init(_ directory: BackupDirectory, _ manifest: BackupManifest) throws {
    self.directory = directory
    self.manifest = manifest
    index = LineReader(try FileSource(path: "\(directory.path)/\(manifest.dump.index)"))
    check = IndexCheck(manifest)
    chunks = Array(repeating: 0, count: manifest.tables.count)
  }

  /// The next member; nil behind the last one, when the index is known to agree with the manifest.
  ///
  /// - Throws: ``RecoverError`` `backupRefused` for an index that lies.
  mutating func next() throws -> Member? {
    guard let line = try index.next() else {
      try check.finish()
      return nil
    }
    number += 1
    let entry: MemberEntry
    do {
      entry = try MemberEntry.read(line)
    } catch {
      throw directory.notWhole(manifest.dump.index, "line \(number) is no entry of an index")
    }
    try check.take(entry)
    return Member(number: number, entry: entry, text: describe(entry))
  }

  private mutating func describe(_ entry: MemberEntry) -> String {
    var first: String?
    for chunk in entry.chunks where chunks.indices.contains(chunk.table) {
      chunks[chunk.table] += 1
      first = first ?? "chunk \(chunks[chunk.table]) of table \(manifest.tables[chunk.table].text)"
    }
    let more = entry.chunks.count > 1 ? " and \(entry.chunks.count - 1) more" : ""
    let content = first.map { "with \($0)\(more)" } ?? "with statements of the schema"
    return "member \(number), bytes \(entry.offset) to \(entry.offset + entry.bytes), \(content)"
  }
}

extension BackupDirectory {
  func notWhole(_ file: String, _ why: String) -> RecoverError {
    RecoverError(
      .backupRefused, "the backup \(path) is not whole: \(file): \(why)",
      hint: "use another backup: recover backup list")
  }
}

/// Compares members of a dump with their digests.
struct MemberDigests: ~Copyable {
  private let directory: BackupDirectory
  private let name: String
  private var source: FileSource?
  private var buffer = [UInt8](repeating: 0, count: 1 << 20)
  /// Of everything that was read.
  private(set) var whole = DigestBuilder()

  init(_ directory: BackupDirectory, dump name: String) {
    self.directory = directory
    self.name = name
  }

  /// Where reading goes on.
  private(set) var offset: Int64 = 0

  /// Reads a member.
  ///
  /// - Throws: ``RecoverError`` `backupRefused` for one that is not what was written.
  mutating func check(_ member: MemberWalk.Member) throws {
    var source = try open(at: member.entry.offset)
    // Taken out for the time: a span can't be lent of a part of what is changed.
    var buffer: [UInt8] = []
    swap(&buffer, &self.buffer)
    defer { swap(&buffer, &self.buffer) }
    var (digest, left) = (DigestBuilder(), member.entry.bytes)
    while left > 0 {
      let count = try unsafe buffer.withUnsafeMutableBytes { bytes in
        let part = unsafe bytes.prefix(Int(min(left, Int64(bytes.count))))
        return try unsafe source.read(into: UnsafeMutableRawBufferPointer(rebasing: part))
      }
      guard count > 0 else { throw directory.notWhole(name, "it ends inside of \(member.text)") }
      digest.update(buffer.span.extracting(0..<count))
      whole.update(buffer.span.extracting(0..<count))
      left -= Int64(count)
    }
    offset = member.entry.offset + member.entry.bytes
    self.source = consume source
    guard digest.finish() == member.entry.sha256 else {
      throw directory.notWhole(name, "\(member.text) is not what was written")
    }
  }

  private mutating func open(at offset: Int64) throws -> FileSource {
    if self.offset == offset, let source = source.take() { return source }
    do {
      return try FileSource(path: "\(directory.path)/\(name)", offset: offset)
    } catch let error as RecoverError where error.code == .unreachable {
      throw directory.notWhole(name, "it is not there, or can't be read")
    }
  }
}
