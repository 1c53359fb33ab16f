package import PostgresKit
package import RecoverBase

/// What a backup is, told by one pass over it, without a run and without a server.
package struct BackupInspection: Sendable {
  package var backup: BackupReference
  /// How the file is packed: `SQL in gzip`.
  package var form: String
  /// The size of the SQL.
  package var sqlBytes: Int64
  /// SHA-256 of the SQL.
  package var digest: Digest
  /// `dumped from PostgreSQL 15.18 by pg_dump 15.18`.
  package var origin: String
  /// The server that was dumped, as `server_version_num` has it, where the dump says so.
  package var serverVersion: Int?
  /// Why it must not be restored, or can't be told to be whole; nil when pg_dump's own marks say that it is.
  package var complaint: String?
  /// Whether it must not be restored.
  package var isCutOff: Bool
  /// Of the manifest, where the dump is a backup of ours: every file was compared with it.
  package var manifest: Digest?
  /// What is left out, where only some tables are looked at.
  package var selection: SelectionReport?
  /// What it holds, database by database; the roles of a cluster are none of them.
  package var parts: [Part]
  let survey: DumpSurvey

  /// What is for one database.
  package struct Part: Sendable {
    /// As the dump calls it; nil where it connects to none.
    package var database: String?
    /// By kind, the most frequent first.
    package var objectCounts: [(kind: String, count: Int)]
    package var encodings: [String]
    package var roles: [String]
    package var extensions: [String]
    package var languages: [String]
    package var tablespaces: [String]
    /// What holds rows, in order of appearance.
    package var tables: [Table]
    /// Everything that is made, in the dump's order; empty where it is too much to be listed.
    package var objects: [Object]
    package var hasAllObjects: Bool
  }

  package struct Table: Sendable, Hashable {
    package var name: String
    package var rows: Int64
    /// Whether ``rows`` are all.
    package var isExact: Bool
    /// The size of the rows in the dump.
    package var bytes: Int64
  }

  package struct Object: Sendable, Hashable {
    package var kind: String
    /// `t_key on public.t`, `f(integer)`.
    package var name: String
    /// The rows of a table, where the dump has some.
    package var table: Table?
  }

  /// Reads the whole backup, on a thread of its own.
  ///
  /// A backup of ours is compared with its manifest first.
  ///
  /// - Parameters:
  ///   - selection: which tables are looked at; nil for all.
  ///   - segment: which database of a `pg_dumpall` file a selection is made in.
  /// - Throws: ``RecoverError`` `backupRefused` for what can't be read to its end or is not what its manifest says; a
  ///   dump that was cut off is no error, except where something is selected of it.
  package static func read(
    _ backup: BackupReference, selection: DumpSelection? = nil, segment: String? = nil,
    progress: @escaping @Sendable (_ doneBytes: Int64, _ totalBytes: Int64?, _ detail: String) -> Void = { _, _, _ in }
  ) async throws -> BackupInspection {
    try await BlockingThread.run("recover-inspect") { interruption in
      let file = try BackupFile(path: backup.path)
      let manifest = try BackupDirectory.containing(backup.path).map {
        try BackupCheck($0).perform(interruption) { progress($0, backup.sizeBytes, "comparing with the manifest") }
          .digest
      }
      // How much SQL an archive holds is known when it was read.
      let total = file.archive == nil ? backup.sizeBytes : nil
      let (survey, index) = try DumpIndexFile.make(
        backup, of: file, in: nil, interruption: interruption
      ) { progress($0, total, "reading") }
      var inspection = BackupInspection(survey, of: backup, form: file.form)
      if let selection {
        let choice = try DumpChoice(survey, path: backup.path, segment: segment, name: segment)
        let part = try RestoredDump.Part(
          selection, of: survey, index, database: choice.database, in: file, interruption)
        inspection = BackupInspection(part.dump.survey, of: backup, form: file.form)
        inspection.selection = SelectionReport(part.selected, of: survey)
      }
      inspection.manifest = manifest
      return inspection
    }
  }

  init(_ survey: DumpSurvey, of backup: BackupReference, form: String) {
    self.backup = backup
    self.form = form
    self.survey = survey
    (sqlBytes, digest, origin) = (survey.byteCount, survey.digest, survey.origin.text)
    serverVersion = survey.origin.server?.number
    switch survey.completeness {
    case .complete: (complaint, isCutOff) = (nil, false)
    case .unknown:
      (complaint, isCutOff) = (
        "it does not end as pg_dump ends a dump: nobody can tell whether something is missing", false
      )
    case .truncated(let how): (complaint, isCutOff) = ("it was cut off: \(how)", true)
    }
    parts = survey.segments.filter { !$0.isGlobals }.map(Part.init)
  }
}

extension BackupInspection.Part {
  fileprivate init(_ segment: DumpSegment) {
    let needs = DumpChoice.requirements(of: [segment])
    database = segment.database
    objectCounts = segment.objectCounts.map { ($0.key.rawValue, $0.value) }
      .sorted { $0.1 == $1.1 ? $0.0 < $1.0 : $0.1 > $1.1 }
    (encodings, roles, extensions) = (needs.encodings.sorted(), needs.roles.sorted(), needs.extensions.sorted())
    (languages, tablespaces) = (needs.languages.sorted(), needs.tablespaces.sorted())
    tables = segment.tables.map(BackupInspection.Table.init)
    let byName = Dictionary(
      zip(segment.tables.map(\.name), tables).map { ($0, $1) }, uniquingKeysWith: { first, _ in first })
    objects = segment.objects.map { object in
      let table = object.table.map { " on \($0)" } ?? ""
      return BackupInspection.Object(
        kind: object.kind.rawValue, name: "\(object.name)\(object.signature ?? "")\(table)",
        table: object.kind == .table ? byName[object.name] : nil)
    }
    hasAllObjects = segment.hasAllObjects
  }
}

extension BackupInspection.Table {
  fileprivate init(_ table: DumpTable) {
    self.init(
      name: table.name.description, rows: table.rows, isExact: table.isExact,
      bytes: table.copyBytes + table.insertBytes)
  }
}
