package import ArchiveKit
internal import Glibc
internal import PostgresKit
package import RecoverBase
package import RecoverRepository

/// A backup on disk: plain SQL, the same in gzip or zstd, or an archive of pg_dump, told apart by the first bytes and
/// not by the name.
package struct BackupFile: Sendable {
  package let path: String
  package let compression: Compression?
  /// The archive that it is; nil for SQL.
  package let archive: ArchiveDump?
  /// Which of its members are read, of a backup of ours of which only some tables are needed; nil is everything.
  package var excerpt: BackupExcerpt?

  package enum Compression: String, Sendable, Hashable {
    case gzip
    case zstd
  }

  package var isCompressed: Bool { compression != nil }

  /// Looks at a file's first bytes, or at a directory.
  ///
  /// - Throws: ``RecoverError`` `unreachable` when it can't be read, `backupRefused` for a form that this
  ///   recover does not read.
  package init(path: String) throws {
    self.path = path
    let magic = ArchiveForm.isDirectory(path) ? [] : try FileSource.bytes(of: path, at: 0, count: 16)
    archive = try ArchiveForm.detect(path, front: magic[...]).map { ArchiveDump(path: path, form: $0) }
    compression = Compression(magic)
    if magic.isEmpty, archive == nil { throw Self.empty(path) }
  }

  private static func empty(_ path: String) -> RecoverError {
    RecoverError(.backupRefused, "\(path) is empty", hint: "what was to write it has failed; use another backup")
  }

  /// What the file is, for people: `SQL in gzip`.
  package var form: String {
    if let archive { return "archive of pg_dump in \(archive.form.rawValue) format" }
    return compression.map { "SQL in \($0.rawValue)" } ?? "SQL"
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

extension BackupFile.Compression {
  /// - Parameter magic: the file's first bytes.
  fileprivate init?(_ magic: [UInt8]) {
    if magic.starts(with: [0x1f, 0x8b]) {
      self = .gzip
    } else if magic.starts(with: [0x28, 0xb5, 0x2f, 0xfd]) || Self.isSkippableFrame(magic) {
      self = .zstd
    } else {
      return nil
    }
  }

  /// Whether a frame that holds no content begins here, as pzstd writes one first (RFC 8878, 3.1.2).
  private static func isSkippableFrame(_ magic: [UInt8]) -> Bool {
    magic.first.map { $0 & 0xF0 == 0x50 } == true && magic.dropFirst().starts(with: [0x2a, 0x4d, 0x18])
  }
}

/// The bytes of a backup, decompressed.
package enum BackupSource: ByteSource, ~Copyable {
  case plain(FileSource)
  case gzip(GzipSource<FileSource>)
  case excerpt(GzipSource<FileRangesSource>)
  case zstd(ZstdSource<FileSource>)
  case archive(ArchiveSource)

  /// Opens a backup so that the next byte is the one at an offset of the decompressed stream.
  ///
  /// A plain file is sought in; a gzip file is inflated from the last known place before the offset; a zstd file is
  /// decompressed from its front; an archive is read from the piece that holds the offset, where that is known.
  ///
  /// - Parameters:
  ///   - access: the places that are known of this file.
  ///   - recorder: told such places, where a gzip file is read from its front.
  package init(
    _ file: BackupFile, offset: Int64 = 0, access: BackupAccess? = nil, recorder: GzipAccessRecorder? = nil,
    _ interruption: Interruption? = nil
  ) throws {
    if let archive = file.archive {
      self = .archive(try archive.open(at: offset, interruption))
      return
    }
    if let excerpt = file.excerpt {
      var source = try excerpt.source(of: file.path, at: offset)
      try Self.go(to: offset, from: source.contentOffset, in: &source)
      self = .excerpt(source)
      return
    }
    switch file.compression {
    case nil: self = .plain(try FileSource(path: file.path, offset: offset))
    case .gzip:
      var source =
        if recorder == nil, let known = try access?.source(of: file.path, at: offset) {
          known
        } else {
          try GzipSource(try FileSource(path: file.path), named: file.path, recorder: recorder)
        }
      try Self.go(to: offset, from: source.contentOffset, in: &source)
      self = .gzip(source)
    case .zstd:
      var source = try ZstdSource(try FileSource(path: file.path), named: file.path)
      try Self.go(to: offset, from: 0, in: &source)
      self = .zstd(source)
    }
  }

  private static func go<Source: ByteSource & ~Copyable>(
    to offset: Int64, from start: Int64, in source: inout Source
  ) throws {
    guard try source.skip(offset - start) == offset - start else {
      throw RecoverError(.backupRefused, "the backup is shorter than it was: byte \(offset) is not there any more")
    }
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
    case .excerpt(var source):
      do {
        let count = try unsafe source.read(into: buffer)
        self = .excerpt(source)
        return count
      } catch {
        self = .excerpt(source)
        throw error
      }
    case .zstd(var source):
      do {
        let count = try unsafe source.read(into: buffer)
        self = .zstd(source)
        return count
      } catch {
        self = .zstd(source)
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
    case .excerpt(let source): source.consumedBytes
    case .zstd(let source): source.consumedBytes
    case .archive(let source): source.consumedBytes
    }
  }
}
