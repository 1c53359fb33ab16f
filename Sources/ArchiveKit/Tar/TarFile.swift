internal import Glibc
package import RecoverBase

/// A tar archive on disk: plain, in gzip or in zstd, told apart by the first bytes and not by the name.
package struct TarFile: Sendable, Hashable {
  package enum Compression: String, Sendable, Hashable {
    case none
    case gzip
    case zstd
  }

  package let path: String
  package let compression: Compression
  /// Which members are read of it; nil for all, as they are.
  package var selection: TarSelection?

  /// Looks at the file's first bytes.
  ///
  /// - Throws: ``RecoverError`` `unreachable` when it can't be read, `backupRefused` when it is empty or in a compression
  ///   that is not read.
  package init(path: String) throws {
    let front = try FileSource.bytes(of: path, at: 0, count: 6)
    guard !front.isEmpty else {
      throw RecoverError(
        .backupRefused, "\(path) is empty", hint: "what was to write it has failed; use another backup")
    }
    let others: [(name: String, magic: [UInt8])] = [
      ("bzip2", Array("BZh".utf8)), ("xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A]), ("zip", [0x50, 0x4B, 3, 4]),
      ("7z", [0x37, 0x7A, 0xBC, 0xAF]), ("lz4", [0x04, 0x22, 0x4D, 0x18]), ("compress", [0x1F, 0x9D]),
    ]
    for other in others where front.starts(with: other.magic) {
      throw RecoverError(
        .backupRefused, "\(path) is in \(other.name), which is not read: only plain tar, gzip and zstd are",
        hint: "decompress it first, or pack it anew with gzip or zstd")
    }
    self.path = path
    if front.starts(with: [0x1F, 0x8B]) {
      compression = .gzip
    } else if front.starts(with: [0x28, 0xB5, 0x2F, 0xFD]) || Self.isSkippableFrame(front) {
      compression = .zstd
    } else {
      compression = .none
    }
  }

  /// Whether a frame that holds no content begins here, as pzstd writes one first (RFC 8878, 3.1.2).
  private static func isSkippableFrame(_ front: [UInt8]) -> Bool {
    front.first.map { $0 & 0xF0 == 0x50 } == true && front.dropFirst().starts(with: [0x2A, 0x4D, 0x18])
  }

  /// The size and the time of the last change of the file as it is now.
  ///
  /// - Throws: ``RecoverError`` `unreachable`.
  package func state() throws -> (sizeBytes: Int64, modifiedNanoseconds: Int64) {
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw RecoverError.system(.unreachable, "can't open \(path)") }
    defer { close(descriptor) }
    guard let status = FileStatus(descriptor) else { throw RecoverError.system(.unreachable, "can't look at \(path)") }
    let modified = status.modified
    return (status.size, modified.seconds * 1_000_000_000 + Int64(modified.nanoseconds))
  }

  /// What it is, for people: `tar in gzip`.
  package var form: String { compression == .none ? "tar" : "tar in \(compression.rawValue)" }

  /// Opens the archive at its front.
  package func open(
    budget: TarBudget = .standard, _ interruption: Interruption? = nil
  ) throws -> TarReader<TarContent> {
    var reader = TarReader(try TarContent(self), named: path, budget: budget, interruption: interruption)
    try reader.select(selection)
    return reader
  }
}

/// The decompressed bytes of a ``TarFile``, and the digest of the file itself.
package enum TarContent: ByteSource, ~Copyable {
  case plain(HashingSource<FileSource>)
  case gzip(GzipSource<HashingSource<FileSource>>)
  case zstd(ZstdSource<HashingSource<FileSource>>)

  package init(_ file: TarFile) throws {
    let source = HashingSource(try FileSource(path: file.path))
    self =
      switch file.compression {
      case .none: .plain(source)
      case .gzip: .gzip(try GzipSource(source, named: file.path))
      case .zstd: .zstd(try ZstdSource(source, named: file.path))
      }
  }

  package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    // Taken out and put back, since the payload of an enum can't be changed in place.
    let result: Result<Int, any Error>
    switch consume self {
    case .plain(var source):
      result = Result { try unsafe source.read(into: buffer) }
      self = .plain(source)
    case .gzip(var source):
      result = Result { try unsafe source.read(into: buffer) }
      self = .gzip(source)
    case .zstd(var source):
      result = Result { try unsafe source.read(into: buffer) }
      self = .zstd(source)
    }
    return try result.get()
  }

  package var consumedBytes: Int64 {
    switch self {
    case .plain(let source): source.consumedBytes
    case .gzip(let source): source.consumedBytes
    case .zstd(let source): source.consumedBytes
    }
  }

  /// The digest of the file, as far as it was read.
  package var fileDigest: Digest {
    switch self {
    case .plain(let source): source.digest
    case .gzip(let source): source.source.digest
    case .zstd(let source): source.source.digest
    }
  }
}

extension TarReader where Source == TarContent {
  /// The digest of the file on disk, once the archive was read to its end.
  package var fileDigest: Digest { input.source.fileDigest }
}
