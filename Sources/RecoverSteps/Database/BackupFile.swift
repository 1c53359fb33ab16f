package import ArchiveKit
internal import Glibc
internal import PostgresKit
package import RecoverBase

/// A backup on disk: plain SQL, or the same in gzip, told apart by the first bytes and not by the name.
package struct BackupFile: Sendable {
  package let path: String
  package let isCompressed: Bool

  /// Looks at a file's first bytes.
  ///
  /// - Throws: ``RecoverError`` `unreachable` when it can't be read, `backupRefused` for a form that this
  ///   recover does not read.
  package init(path: String) throws {
    self.path = path
    let magic = try Self.firstBytes(of: path)
    isCompressed = magic.starts(with: [0x1f, 0x8b])
    if magic.starts(with: Array("PGDMP".utf8)) {
      throw RecoverError(
        .backupRefused, "\(path) is a custom-format archive of pg_dump, which this recover can't read yet",
        hint: "turn it into SQL first: pg_restore -f backup.sql \(path)")
    }
    if magic.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) {
      throw RecoverError(
        .backupRefused, "\(path) is compressed with zstd, which this recover can't read yet",
        hint: "decompress it first: zstd -d \(path)")
    }
    if magic.isEmpty { throw Self.empty(path) }
  }

  private static func empty(_ path: String) -> RecoverError {
    RecoverError(.backupRefused, "\(path) is empty", hint: "what was to write it has failed; use another backup")
  }

  /// What identifies the file as it is now.
  package func reference(sha256: Digest? = nil) throws -> BackupReference {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { throw RecoverError.system(.unreachable, "can't look at \(path)") }
    let modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    return BackupReference(
      path: path, sizeBytes: Int64(status.st_size), modifiedNanoseconds: modified, sha256: sha256)
  }

  /// Refuses a file that is not what it was when the plan was made.
  ///
  /// - Throws: ``RecoverError`` `drifted`.
  package func check(_ planned: BackupReference) throws {
    let now = try reference(sha256: planned.sha256)
    guard now == planned else {
      throw RecoverError(
        .drifted, "\(path) was changed since the plan was made", hint: "look at it, and plan again")
    }
  }

  private static func firstBytes(of path: String) throws -> [UInt8] {
    var source = try FileSource(path: path)
    var bytes = [UInt8](repeating: 0, count: 8)
    let count = try unsafe bytes.withUnsafeMutableBytes { try unsafe source.read(into: $0) }
    return Array(bytes.prefix(count))
  }
}

/// The bytes of a backup, decompressed.
package enum BackupSource: ByteSource, ~Copyable {
  case plain(FileSource)
  case gzip(GzipSource<FileSource>)

  /// Opens a backup so that the next byte is the one at an offset of the decompressed stream.
  ///
  /// A plain file is sought in; a gzip file is inflated from its front.
  package init(_ file: BackupFile, offset: Int64 = 0) throws {
    guard file.isCompressed else {
      self = .plain(try FileSource(path: file.path, offset: offset))
      return
    }
    var source = try GzipSource(try FileSource(path: file.path), named: file.path)
    try source.skip(offset)
    self = .gzip(source)
  }

  package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    switch consume self {
    case .plain(var source):
      do {
        let count = try unsafe source.read(into: buffer)
        self = .plain(source)
        return count
      } catch {
        self = .plain(source)
        throw error
      }
    case .gzip(var source):
      do {
        let count = try unsafe source.read(into: buffer)
        self = .gzip(source)
        return count
      } catch {
        self = .gzip(source)
        throw error
      }
    }
  }

  package var consumedBytes: Int64 {
    switch self {
    case .plain(let source): source.consumedBytes
    case .gzip(let source): source.consumedBytes
    }
  }
}

extension GzipSource where Source == FileSource {
  /// Reads and forgets the bytes up to an offset.
  fileprivate mutating func skip(_ count: Int64) throws {
    var left = count
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while left > 0 {
      let size = Int(min(left, Int64(buffer.count)))
      let read = try unsafe buffer.withUnsafeMutableBytes { bytes in
        try unsafe self.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<size]))
      }
      guard read > 0 else {
        throw RecoverError(.backupRefused, "the backup is shorter than it was: byte \(count) is not there any more")
      }
      left -= Int64(read)
    }
  }
}
