internal import ArchiveKit
internal import Glibc
internal import RecoverBase
internal import RecoverRepository
internal import Synchronization

/// The archive of a tree's backup while it is written, and the index of its members.
final class ArchiveFile: MemberSink {
  private let archive: OutputFile
  private let index: OutputFile
  private let state: Mutex<State>
  private let written: @Sendable () -> Void

  private struct State {
    var offset: Int64 = 0
    var contentOffset: Int64 = 0
    var members: Int64 = 0
    var digest = DigestBuilder()
    var indexBytes: Int64 = 0
    var indexDigest = DigestBuilder()
    var saved: [State] = []
  }

  struct Summary {
    var archive: BackupManifest.File
    var index: BackupManifest.File
    var contentBytes: Int64
    var members: Int64
  }

  /// - Parameter written: called after each member.
  init(directory: String, name: String, written: @escaping @Sendable () -> Void) throws {
    archive = try OutputFile(directory: directory, name: name)
    index = try OutputFile(directory: directory, name: "\(name).index")
    state = Mutex(State())
    self.written = written
  }

  func append(_ member: PackedMember) throws {
    try state.withLock { state in
      let entry = ArchiveEntry(
        offset: state.offset, bytes: Int64(member.bytes.count), contentOffset: state.contentOffset,
        contentBytes: Int64(member.contentBytes), crc32: member.crc32, sha256: member.sha256,
        first: member.first.map { ArchiveEntry.First(name: $0.name, offset: state.contentOffset + Int64($0.offset)) })
      try archive.write(member.bytes)
      state.digest.update(member.bytes.span)
      let line = try entry.line()
      try index.write(line)
      state.indexDigest.update(line)
      state.indexBytes += Int64(line.count)
      state.offset += Int64(member.bytes.count)
      state.contentOffset += Int64(member.contentBytes)
      state.members += 1
    }
    written()
  }

  func save() {
    state.withLock { state in
      state.saved = []
      state.saved = [state]
    }
  }

  func restore() throws {
    try state.withLock { state in
      guard let saved = state.saved.first else { throw RecoverError(.bug, "nothing was saved of an archive") }
      state = saved
      try archive.cut(saved.offset)
      try index.cut(saved.indexBytes)
    }
  }

  /// Brings both files to the disk.
  func finish() throws -> Summary {
    try archive.sync()
    try index.sync()
    return state.withLock { state in
      Summary(
        archive: BackupManifest.File(name: archive.name, bytes: state.offset, sha256: state.digest.finish()),
        index: BackupManifest.File(name: index.name, bytes: state.indexBytes, sha256: state.indexDigest.finish()),
        contentBytes: state.contentOffset, members: state.members)
    }
  }
}

/// The list of a tree's files while it is written: lines, compressed a member at a time.
struct ListFile: ~Copyable {
  private let file: OutputFile
  private let compressor: any MemberCompressor
  private var lines: [UInt8] = []
  private var member: [UInt8] = []
  private var bytes: Int64 = 0
  private var digest = DigestBuilder()

  private static let memberBytes = 1 << 20

  init(directory: String, name: String, _ codec: GzipCodec) throws {
    // Half of it are digests, which no level makes smaller than their digits.
    let compressor = try codec.makeCompressor(level: 1)
    file = try OutputFile(directory: directory, name: name)
    self.compressor = compressor
  }

  mutating func append(_ line: [UInt8]) throws {
    lines += line
    if lines.count >= Self.memberBytes { try flush() }
  }

  private mutating func flush() throws {
    var packed: [UInt8] = []
    swap(&packed, &member)
    try compressor.compress(lines.span, into: &packed)
    lines.removeAll(keepingCapacity: true)
    try file.write(packed)
    digest.update(packed.span)
    bytes += Int64(packed.count)
    swap(&packed, &member)
  }

  /// Brings it to the disk; one without a line is a gzip file all the same.
  mutating func finish() throws -> BackupManifest.File {
    if !lines.isEmpty || bytes == 0 { try flush() }
    try file.sync()
    return BackupManifest.File(name: file.name, bytes: bytes, sha256: digest.finish())
  }
}

/// A new file of mode 0600 that is written from its front.
struct OutputFile: ~Copyable {
  let name: String
  private let path: String
  private let descriptor: Int32

  init(directory: String, name: String) throws {
    self.name = name
    path = "\(directory)/\(name)"
    descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw RecoverError.system(.noSpace, "can't write \(path)") }
  }

  deinit { close(descriptor) }

  func write(_ bytes: [UInt8]) throws { try RunDirectory.writeAll(bytes[...], to: descriptor, path) }

  /// Takes back all behind a place.
  func cut(_ size: Int64) throws {
    guard ftruncate(descriptor, off_t(size)) == 0, lseek(descriptor, off_t(size), SEEK_SET) == off_t(size) else {
      throw RecoverError.system(.noSpace, "can't cut \(path)")
    }
  }

  func sync() throws {
    guard fsync(descriptor) == 0 else { throw RecoverError.system(.noSpace, "can't write \(path) to its disk") }
  }
}
