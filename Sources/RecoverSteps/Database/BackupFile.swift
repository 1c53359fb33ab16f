package import ArchiveKit
internal import Glibc
internal import PostgresKit
package import RecoverBase

/// A backup on disk: plain SQL, the same in gzip, or an archive of pg_dump, told apart by the first bytes and not by the
/// name.
package struct BackupFile: Sendable {
  package let path: String
  package let isCompressed: Bool
  /// The archive that it is; nil for SQL.
  package let archive: ArchiveDump?

  /// Looks at a file's first bytes, or at a directory.
  ///
  /// - Throws: ``RecoverError`` `unreachable` when it can't be read, `backupRefused` for a form that this
  ///   recover does not read.
  package init(path: String) throws {
    self.path = path
    let magic = ArchiveForm.isDirectory(path) ? [] : try ArchiveFiles.bytes(of: path, at: 0, count: 16)
    archive = try ArchiveForm.detect(path, front: magic[...]).map { ArchiveDump(path: path, form: $0) }
    isCompressed = magic.starts(with: [0x1f, 0x8b])
    if magic.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) {
      throw RecoverError(
        .backupRefused, "\(path) is compressed with zstd, which this recover can't read yet",
        hint: "decompress it first: zstd -d \(path)")
    }
    if magic.isEmpty, archive == nil { throw Self.empty(path) }
  }

  private static func empty(_ path: String) -> RecoverError {
    RecoverError(.backupRefused, "\(path) is empty", hint: "what was to write it has failed; use another backup")
  }

  /// What identifies the file as it is now.
  package func reference(sha256: Digest? = nil) throws -> BackupReference {
    if archive?.form == .directory {
      let members = try ArchiveFiles.members(ofDirectory: path)
      return BackupReference(
        path: path, sizeBytes: members.reduce(0) { $0 + $1.sizeBytes },
        modifiedNanoseconds: members.map(\.modifiedNanoseconds).max() ?? 0, sha256: sha256,
        listing: ArchiveFiles.listing(members))
    }
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
    var now = try reference(sha256: planned.sha256)
    now.parts = planned.parts
    guard now == planned else {
      throw RecoverError(
        .drifted, "\(path) was changed since the plan was made", hint: "look at it, and plan again")
    }
  }
}

/// The bytes of a backup, decompressed.
package enum BackupSource: ByteSource, ~Copyable {
  case plain(FileSource)
  case gzip(GzipSource<FileSource>)
  case archive(ArchiveSource)

  /// Opens a backup so that the next byte is the one at an offset of the decompressed stream.
  ///
  /// A plain file is sought in; a gzip file is inflated from its front; an archive is read from the piece that holds the
  /// offset, where that is known.
  package init(_ file: BackupFile, offset: Int64 = 0, _ interruption: Interruption? = nil) throws {
    if let archive = file.archive {
      self = .archive(try archive.open(at: offset, interruption))
      return
    }
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
    case .archive(var source):
      do {
        let count = try unsafe source.read(into: buffer)
        self = .archive(source)
        return count
      } catch {
        self = .archive(source)
        throw error
      }
    }
  }

  package var consumedBytes: Int64 {
    switch self {
    case .plain(let source): source.consumedBytes
    case .gzip(let source): source.consumedBytes
    case .archive(let source): source.consumedBytes
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
