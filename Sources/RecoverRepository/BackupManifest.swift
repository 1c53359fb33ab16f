package import RecoverBase

/// What a backup of a database is, and what proves it: `manifest.json` in the backup's directory.
///
/// Readers refuse a version that is newer than theirs. The format is in docs/backup-format.md.
package struct BackupManifest: Sendable, Hashable, Codable {
  package static let fileName = "manifest.json"
  package static let currentVersion = 1

  package var version = currentVersion
  /// The name of its directory: `<UTC time>-<run>`.
  package var id: String
  /// The name under which the repository keeps it.
  package var name: String
  package var tool: Tool
  package var source: Source
  package var snapshot: Snapshot
  /// Every file of the directory but the manifest, its signature, and what was learned later.
  package var files: [File]
  /// The file of the dump, and the index of its members.
  package var dump: Dump
  /// In the order of the index, which names them by their place.
  package var tables: [Table]
  package var sequences: [Sequence]
  package var largeObjects: LargeObjects
  package var began: WallTime
  package var durationMilliseconds: Int64

  package init(
    id: String, name: String, tool: Tool, source: Source, snapshot: Snapshot, files: [File], dump: Dump,
    tables: [Table], sequences: [Sequence], largeObjects: LargeObjects, began: WallTime,
    durationMilliseconds: Int64
  ) {
    self.id = id
    self.name = name
    self.tool = tool
    self.source = source
    self.snapshot = snapshot
    self.files = files
    self.dump = dump
    self.tables = tables
    self.sequences = sequences
    self.largeObjects = largeObjects
    self.began = began
    self.durationMilliseconds = durationMilliseconds
  }
}

extension BackupManifest {
  /// What wrote it.
  package struct Tool: Sendable, Hashable, Codable {
    package var recover: String
    package var pgDump: String

    package init(recover: String, pgDump: String) {
      self.recover = recover
      self.pgDump = pgDump
    }
  }

  /// The database as it was.
  package struct Source: Sendable, Hashable, Codable {
    package var database: String
    package var systemIdentifier: String?
    package var serverVersion: String
    package var serverVersionNumber: Int
    package var encoding: String
    package var collate: String
    package var characterType: String
    /// Under which `money` is written.
    package var moneyLocale: String
    /// With their versions, by name.
    package var extensions: [String: String]
    /// Who owns something or has rights.
    package var roles: [String]

    package init(
      database: String, systemIdentifier: String?, serverVersion: String, serverVersionNumber: Int, encoding: String,
      collate: String, characterType: String, moneyLocale: String, extensions: [String: String], roles: [String]
    ) {
      self.database = database
      self.systemIdentifier = systemIdentifier
      self.serverVersion = serverVersion
      self.serverVersionNumber = serverVersionNumber
      self.encoding = encoding
      self.collate = collate
      self.characterType = characterType
      self.moneyLocale = moneyLocale
      self.extensions = extensions
      self.roles = roles
    }
  }

  /// When it was so.
  package struct Snapshot: Sendable, Hashable, Codable {
    /// By the server's clock.
    package var time: WallTime
    /// Of the write-ahead log, right after the snapshot: `0/16B3748`.
    package var lsn: String
    package var isOfStandby: Bool

    package init(time: WallTime, lsn: String, isOfStandby: Bool) {
      self.time = time
      self.lsn = lsn
      self.isOfStandby = isOfStandby
    }
  }

  package struct File: Sendable, Hashable, Codable {
    package var name: String
    package var bytes: Int64
    package var sha256: Digest

    package init(name: String, bytes: Int64, sha256: Digest) {
      self.name = name
      self.bytes = bytes
      self.sha256 = sha256
    }
  }

  package struct Dump: Sendable, Hashable, Codable {
    package var file: String
    package var index: String
    /// Decompressed.
    package var contentBytes: Int64
    package var members: Int64
    package var codec: String
    package var level: Int

    package init(
      file: String, index: String, contentBytes: Int64, members: Int64, codec: String, level: Int
    ) {
      self.file = file
      self.index = index
      self.contentBytes = contentBytes
      self.members = members
      self.codec = codec
      self.level = level
    }
  }

  package struct Table: Sendable, Hashable, Codable {
    package var schema: String
    package var name: String
    /// Of all its rows.
    package var content: ContentSum
    /// In how many COPY blocks they stand.
    package var chunks: Int64
    /// Made by an extension, and holding rows of the user.
    package var isOfExtension: Bool

    package init(schema: String, name: String, content: ContentSum, chunks: Int64, isOfExtension: Bool) {
      self.schema = schema
      self.name = name
      self.content = content
      self.chunks = chunks
      self.isOfExtension = isOfExtension
    }

    package var text: String { "\(schema).\(name)" }
  }

  package struct Sequence: Sendable, Hashable, Codable {
    package var schema: String
    package var name: String
    package var lastValue: Int64
    package var isCalled: Bool

    package init(schema: String, name: String, lastValue: Int64, isCalled: Bool) {
      self.schema = schema
      self.name = name
      self.lastValue = lastValue
      self.isCalled = isCalled
    }
  }

  package struct LargeObjects: Sendable, Hashable, Codable {
    package var objects: Int64
    /// A row for each 16 KiB, and one for each object.
    package var content: ContentSum

    package init(objects: Int64, content: ContentSum) {
      self.objects = objects
      self.content = content
    }
  }
}

extension BackupManifest {
  /// Reads a manifest.
  ///
  /// - Parameter path: for messages.
  /// - Throws: ``RecoverError`` `backupRefused` for what is no manifest, or one of a newer version.
  package static func read(_ bytes: [UInt8], path: String) throws -> BackupManifest {
    struct Version: Decodable {
      var version: Int
      var kind: String?
    }
    do {
      let found = try JSONValue.decode(Version.self, from: bytes)
      guard found.kind != BackupKind.files.rawValue else {
        throw RecoverError(
          .backupRefused, "\(path) is of a backup of files, not of a database",
          hint: "restore it with recover files --from")
      }
      try check(version: found.version, atMost: currentVersion, path: path)
      return try JSONValue.decode(BackupManifest.self, from: bytes)
    } catch let error as RecoverError {
      throw error
    } catch {
      throw unreadable(path, error)
    }
  }

  static func check(version: Int, atMost limit: Int, path: String) throws {
    guard version <= limit else {
      throw RecoverError(
        .backupRefused, "\(path) is of version \(version), and this recover reads up to \(limit)",
        hint: "use the recover that wrote it, or a newer one")
    }
  }

  static func unreadable(_ path: String, _ error: any Error) -> RecoverError {
    RecoverError(
      .backupRefused, "\(path) is no manifest of a backup: it was changed or cut off", hint: "use another backup",
      underlying: error)
  }

  /// The bytes of the file, which a signature covers.
  package func encoded() throws -> [UInt8] { try JSONValue.canonicalBytes(of: self) + [UInt8(ascii: "\n")] }

  package var rows: Int64 { tables.reduce(0) { $0 + $1.content.rows } }
  package var fileBytes: Int64 { files.reduce(0) { $0 + $1.bytes } }

  package func file(named name: String) -> File? { files.first { $0.name == name } }
}
