package import RecoverBase

/// What a backup of a directory tree is, and what proves it: `manifest.json` in the backup's directory.
///
/// It does not grow with the tree: what there is to say of each file stands in the list beside the archive, whose SHA-256
/// is here. The format is in docs/backup-format.md.
package struct TreeManifest: Sendable, Hashable, Codable {
  package static let currentVersion = 1

  /// Always `files`: what tells it from the manifest of a database.
  package var kind = BackupKind.files
  package var version = currentVersion
  /// The name of its directory: `<UTC time>-<run>`.
  package var id: String
  /// The name under which the repository keeps it.
  package var name: String
  package var tool: Tool
  package var source: Source
  /// Every file of the directory but the manifest, its signature, and what was learned later.
  package var files: [BackupManifest.File]
  package var archive: Archive
  package var contents: Contents
  /// What is not, or not quite, in the archive: how many entries of each kind, and the first paths.
  package var remarks: [String: Named]
  package var began: WallTime
  package var durationMilliseconds: Int64

  package init(
    id: String, name: String, tool: Tool, source: Source, files: [BackupManifest.File], archive: Archive,
    contents: Contents, remarks: [String: Named], began: WallTime, durationMilliseconds: Int64
  ) {
    self.id = id
    self.name = name
    self.tool = tool
    self.source = source
    self.files = files
    self.archive = archive
    self.contents = contents
    self.remarks = remarks
    self.began = began
    self.durationMilliseconds = durationMilliseconds
  }
}

extension TreeManifest {
  /// What wrote it.
  package struct Tool: Sendable, Hashable, Codable {
    package var recover: String

    package init(recover: String) { self.recover = recover }
  }

  /// The tree as it was.
  package struct Source: Sendable, Hashable, Codable {
    package var host: String
    package var path: String
    /// The patterns of the command line that left something out.
    package var exclusions: [String]

    package init(host: String, path: String, exclusions: [String]) {
      self.host = host
      self.path = path
      self.exclusions = exclusions
    }
  }

  package struct Archive: Sendable, Hashable, Codable {
    package var file: String
    /// Of its gzip members, and of its files.
    package var index: String
    package var list: String
    /// Of the tar archive, decompressed.
    package var contentBytes: Int64
    package var members: Int64
    package var codec: String
    package var level: Int

    package init(
      file: String, index: String, list: String, contentBytes: Int64, members: Int64, codec: String, level: Int
    ) {
      self.file = file
      self.index = index
      self.list = list
      self.contentBytes = contentBytes
      self.members = members
      self.codec = codec
      self.level = level
    }
  }

  /// How many entries of each kind.
  package struct Contents: Sendable, Hashable, Codable {
    package var files: Int64 = 0
    package var directories: Int64 = 0
    package var symbolicLinks: Int64 = 0
    package var hardLinks: Int64 = 0
    package var devices: Int64 = 0
    package var fifos: Int64 = 0
    package var sparseFiles: Int64 = 0
    /// The sizes of all files, holes included.
    package var bytes: Int64 = 0

    package init() {}

    package var entries: Int64 { files + directories + symbolicLinks + hardLinks + devices + fifos }
  }

  package struct Named: Sendable, Hashable, Codable {
    package var count: Int64
    /// As people read them.
    package var first: [String]

    package init(count: Int64, first: [String]) {
      self.count = count
      self.first = first
    }
  }

  /// The bytes of the file, which a signature covers.
  package func encoded() throws -> [UInt8] { try JSONValue.canonicalBytes(of: self) + [UInt8(ascii: "\n")] }

  package var fileBytes: Int64 { files.reduce(0) { $0 + $1.bytes } }

  package func file(named name: String) -> BackupManifest.File? { files.first { $0.name == name } }
}

/// What a backup is of; the name of its directory in a repository.
package enum BackupKind: String, Sendable, Hashable, Codable, CaseIterable {
  case database = "db"
  case files
}

/// The manifest of a backup of any kind.
package enum AnyManifest: Sendable, Hashable {
  case database(BackupManifest)
  case files(TreeManifest)

  /// Reads a manifest.
  ///
  /// - Parameter path: for messages.
  /// - Throws: ``RecoverError`` `backupRefused` for what is no manifest, or one of a newer version.
  package static func read(_ bytes: [UInt8], path: String) throws -> AnyManifest {
    struct Kind: Decodable {
      var kind: String?
      var version: Int?
    }
    let found = try? JSONValue.decode(Kind.self, from: bytes)
    guard let found, found.kind == BackupKind.files.rawValue else {
      return .database(try BackupManifest.read(bytes, path: path))
    }
    try BackupManifest.check(version: found.version ?? 0, atMost: TreeManifest.currentVersion, path: path)
    do {
      return .files(try JSONValue.decode(TreeManifest.self, from: bytes))
    } catch {
      throw BackupManifest.unreadable(path, error)
    }
  }

  package var name: String {
    switch self {
    case .database(let manifest): manifest.name
    case .files(let manifest): manifest.name
    }
  }

  /// The point in time that it holds.
  package var taken: WallTime {
    switch self {
    case .database(let manifest): manifest.snapshot.time
    case .files(let manifest): manifest.began
    }
  }

  package var files: [BackupManifest.File] {
    switch self {
    case .database(let manifest): manifest.files
    case .files(let manifest): manifest.files
    }
  }

  package var fileBytes: Int64 { files.reduce(0) { $0 + $1.bytes } }
}
