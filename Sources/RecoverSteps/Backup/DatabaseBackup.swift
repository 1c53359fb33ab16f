internal import ArchiveKit
internal import PostgresKit
internal import RecoverBase
internal import RecoverRepository

/// Makes a backup of a database: one snapshot, read over several connections into one ordinary `.sql.gz`.
///
/// Everything is written into a directory that no reader takes for a backup, brought to the disk, and renamed.
package struct DatabaseBackup: Sendable {
  let request: BackupRequest
  let report: @Sendable (BackupProgress) -> Void

  package init(_ request: BackupRequest, report: @escaping @Sendable (BackupProgress) -> Void = { _ in }) {
    self.request = request
    self.report = report
  }

  /// Makes it.
  ///
  /// - Throws: ``RecoverError``; then nothing is left behind.
  package func perform() async throws -> FinishedBackup {
    let began = WallTime.now
    let clock = Moment.now
    let parent = RepositoryLayout(root: request.repository).directory(of: request.name, .database)
    let id = BackupID(time: began, run: request.run)
    let request = request
    let server = try await BlockingThread.run("recover-backup") { try ServerLook.take(request.settings, $0) }
    Leftovers(directory: parent).sweep()
    let partial = try PartialBackup(id, in: parent)
    do {
      let tools = try await DumpTools.find(
        server: server, request.settings, run: request.run, directory: partial.path)
      let work = BackupWork(request: request, directory: partial.path, tools: tools, report: report)
      let written = try await work.write()
      var manifest = BackupManifest(id, request, written, tools, server)
      manifest.began = began
      manifest.durationMilliseconds = (Moment.now - clock).nanoseconds / 1_000_000
      let done = manifest
      let directory = try await BlockingThread.run("recover-backup") { _ in
        try BackupDirectory(path: partial.path).keep(try done.encoded(), signedBy: request.signingKey)
        return try partial.publish()
      }
      return FinishedBackup(
        directory: directory, bytes: done.fileBytes, contentBytes: done.dump.contentBytes, tables: done.tables.count,
        rows: done.rows, duration: Moment.now - clock, id: id.text,
        leftOut: server.ownSchemas)
    } catch {
      partial.discard()
      throw error
    }
  }
}

/// What has to be known of a server before its database is locked.
struct ServerLook: Sendable {
  var version: Int
  /// Nil where our role may not ask.
  var systemIdentifier: String?
  /// Whether our role may read the hashes of passwords.
  var isSuperuser: Bool
  /// Schemas in which recover loads or keeps tables of the database.
  var ownSchemas: [String]

  static func take(_ settings: ConnectionSettings, _ interruption: Interruption) throws -> ServerLook {
    var connection = try Connection.administrative(settings, interruption: interruption)
    let identity: ServerIdentity?
    do {
      identity = try ServerIdentity.read(&connection)
    } catch let error as RecoverError where error.code == .missingRequirement {
      identity = nil
    }
    return ServerLook(
      version: connection.serverVersion, systemIdentifier: identity?.systemIdentifier,
      isSuperuser: connection.parameterStatus("is_superuser") == "on", ownSchemas: try KeptSchema.own(&connection))
  }
}

extension BackupManifest {
  init(
    _ id: BackupID, _ request: BackupRequest, _ written: WrittenDump, _ tools: DumpTools, _ server: ServerLook
  ) {
    let facts = written.facts
    self.init(
      id: id.text, name: request.name, tool: Tool(recover: request.toolVersion, pgDump: tools.version),
      source: Source(
        database: facts.database, systemIdentifier: server.systemIdentifier, serverVersion: facts.serverVersion,
        serverVersionNumber: facts.serverVersionNumber, encoding: facts.encoding, collate: facts.collate,
        characterType: facts.characterType, moneyLocale: facts.moneyLocale,
        extensions: Dictionary(facts.extensions.map { ($0.name, $0.version) }, uniquingKeysWith: { first, _ in first }),
        roles: facts.roles),
      snapshot: Snapshot(time: facts.time, lsn: facts.lsn, isOfStandby: facts.isInRecovery),
      files: written.files,
      dump: Dump(
        file: written.summary.file.name, index: written.summary.index.name,
        contentBytes: written.summary.contentBytes, members: written.summary.members, codec: request.codec.rawValue,
        level: request.level),
      tables: zip(written.tables, zip(written.summary.sums, written.summary.chunks)).map { table, sums in
        Table(
          schema: table.name.schema ?? "", name: table.name.name, content: sums.0, chunks: sums.1,
          isOfExtension: table.isOfExtension)
      },
      sequences: written.sequences.map {
        Sequence(schema: $0.name.schema ?? "", name: $0.name.name, lastValue: $0.lastValue, isCalled: $0.isCalled)
      },
      largeObjects: LargeObjects(objects: written.largeObjects.objects, content: written.largeObjects.content),
      began: facts.time, durationMilliseconds: 0)
  }
}
