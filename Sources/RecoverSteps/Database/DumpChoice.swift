internal import PostgresKit
internal import RecoverBase
internal import RecoverCore

/// Which part of a dump is restored, and whether it may be: decisions over a survey, without a server.
struct DumpChoice: Sendable {
  let survey: DumpSurvey
  /// The database's name in the dump; nil for a dump that connects to nothing.
  let database: String?
  let path: String
  /// What of the parts is meant, where only some tables are.
  var partSegments: [DumpSegment]?

  /// Chooses the part that is meant.
  ///
  /// - Throws: ``RecoverError`` `backupRefused` for a dump that was cut off or is empty, `usage` when nobody can tell
  ///   which of its databases is meant.
  init(_ survey: DumpSurvey, bindings: DatabaseBindings) throws {
    try self.init(survey, path: bindings.backup.path, segment: bindings.segment, name: bindings.name)
  }

  /// - Parameters:
  ///   - path: what errors call the dump.
  ///   - segment: the name of the database in the dump, where somebody says which.
  ///   - name: what the restored database is called; nil where none is restored.
  init(_ survey: DumpSurvey, path: String, segment: String?, name: String?) throws {
    self.survey = survey
    self.path = path
    try Self.requireWhole(survey, path: path)
    database = try Self.choose(survey.connectedDatabases, path: path, segment: segment, name: name)
    try refuseWhatMakesNothing()
  }

  /// Refuses what is no dump, or not all of one.
  static func requireWhole(_ survey: DumpSurvey, path: String) throws {
    guard case .truncated(let how) = survey.completeness else { return }
    guard survey.origin.hasBanner || survey.segments.contains(where: \.hasContent) else {
      throw RecoverError(
        .backupRefused, "\(path) is no SQL dump: it holds nothing that pg_dump writes",
        hint: "name the file that pg_dump wrote")
    }
    throw RecoverError(
      .backupRefused, "\(path) was cut off: \(how)", hint: "use a whole backup; this one would lose data")
  }

  /// Refuses a part of a dump that can't be restored alone: it would fail in the middle of the load, or restore nothing.
  private func refuseWhatMakesNothing() throws {
    guard !segments.isEmpty else {
      throw RecoverError(
        .backupRefused, "\(path) holds no database, only what a cluster's databases share",
        hint: "restore it with psql; recover db takes the dump of a database")
    }
    // Rows of an extension's table come without the table.
    guard segments.allSatisfy({ $0.hasAllObjects && $0.extensions.isEmpty }) else { return }
    let objects = segments.flatMap(\.objects)
    let made = Set(objects.filter(\.kind.holdsRows).map(\.name.name))
    let needed = tables.map(\.name) + objects.compactMap(\.table)
    guard let first = needed.first, !needed.contains(where: { made.contains($0.name) }) else { return }
    throw RecoverError(
      .backupRefused, "\(path) is a part of a dump: it makes none of its tables, such as \(first)",
      hint: "use a dump with its schema: pg_dump without --data-only and --section")
  }

  private static func choose(_ names: [String], path: String, segment: String?, name: String?) throws -> String? {
    if let segment {
      guard names.contains(segment) else {
        throw RecoverError(
          .usage, "\(path) holds no database \(segment)",
          hint: names.isEmpty ? "it connects to none: leave --segment out" : "it holds \(names.joined(separator: ", "))"
        )
      }
      return segment
    }
    if names.count <= 1 { return names.first }
    if let name, names.contains(name) { return name }
    throw RecoverError(
      .usage, "\(path) holds \(names.count) databases\(name.map { ", and none is called \($0)" } ?? "")",
      hint: "say which with --segment: \(names.joined(separator: ", "))")
  }

  /// The parts that are loaded.
  var segments: [DumpSegment] { partSegments ?? survey.content(of: database) }

  /// Refuses the record of another load, which the load keeps its own record in place of.
  ///
  /// - Throws: ``RecoverError`` `backupRefused`.
  func refuseLedger() throws {
    let isThere = segments.flatMap(\.objects).contains { object in
      object.kind == .schema && object.name.name.utf8.elementsEqual(KeptSchema.ledger.utf8)
    }
    guard isThere else { return }
    throw RecoverError(
      .backupRefused,
      "\(path) was dumped while recover loaded tables into that database: it has schema \(KeptSchema.ledger) in it",
      hint: "recover backup db leaves that out; of this dump --schema or --table with --into NAME restores the rest")
  }

  /// Refuses what reaches out of the database.
  ///
  /// - Throws: ``RecoverError`` `backupRefused` with the first line.
  func refuseEscapes() throws {
    guard let first = segments.flatMap(\.escapes).min(by: { $0.line < $1.line }) else { return }
    let count = segments.reduce(0) { $0 + $1.escapeCount }
    throw RecoverError(
      .backupRefused,
      "\(path), line \(first.line): \(Self.describe(first.escape))\(count > 1 ? ", and \(count - 1) more" : "")",
      hint: "a restore must not reach out of its database: look where this dump comes from, and take the line out")
  }

  private static func describe(_ escape: DumpStatement.Escape) -> String {
    switch escape {
    case .serverConfiguration: "changes the server's configuration"
    case .parameter: "grants rights on the server's parameters"
    case .role: "makes, changes or drops a role"
    case .tablespace(let name): "makes or changes tablespace \(name)"
    case .database(let name): "makes, changes or drops database \(name)"
    case .program: "runs a program on the server"
    case .serverFile: "reads or writes a file of the server"
    case .library: "loads a library into the server"
    }
  }

  /// What the server has to have.
  var requirements: Requirements { Self.requirements(of: segments) }

  static func requirements(of segments: [DumpSegment]) -> Requirements {
    Requirements(
      roles: Set(segments.flatMap(\.roles)), owners: Set(segments.flatMap(\.owners)),
      extensions: Set(segments.flatMap(\.extensions).map(\.name)),
      languages: Set(segments.flatMap(\.languages)), tablespaces: Set(segments.flatMap(\.tablespaces)),
      encodings: Set(segments.compactMap(\.encoding)))
  }

  var tables: [DumpTable] { segments.flatMap(\.tables) }
  var rowCount: Int64 { tables.reduce(0) { $0 + $1.rows } }
  var objectCount: Int { segments.reduce(0) { $0 + $1.objectCounts.values.reduce(0, +) } }

  /// At least so much the data alone will take.
  var dataBytes: Int64 { tables.reduce(0) { $0 + $1.copyBytes + $1.insertBytes } }

  /// How the dump wants its database made.
  var creation: DatabaseCreation { statedCreation ?? .serverDefaults }

  /// The same; nil where it does not say.
  var statedCreation: DatabaseCreation? {
    statements(about: true).first.flatMap { DatabaseCreation.parse($0.text.description)?.creation }
  }

  /// The statements that give the database its properties; only where it has the same name in the dump.
  func propertyStatements(for name: String) -> [String] {
    database == name ? statements(about: false).map(\.text.description) : []
  }

  private func statements(about creation: Bool) -> [DumpDatabase.Statement] {
    let statements = survey.databases.first { $0.name == database }?.statements ?? []
    return statements.filter { statement in
      switch statement.change {
      case .create: creation
      case .drop: false
      case .alter, .owner, .comment, .privileges, .securityLabel, .roleSetting: !creation
      }
    }
  }

  /// `dumped from PostgreSQL 15.18 by pg_dump 15.18`.
  var origin: String { survey.origin.text }

  /// What people should know before they say yes.
  func warnings(serverVersion: Int, name: String) -> [String] {
    var warnings: [String] = []
    if survey.completeness == .unknown {
      warnings.append("the backup does not end as pg_dump ends one: nobody can tell whether something is missing")
    }
    if let server = survey.origin.server, server.major > serverVersion / 10_000 {
      warnings.append("the backup is of PostgreSQL \(server.major), newer than the server: what is unknown here fails")
    }
    if rowCount == 0 { warnings.append("the backup holds no rows at all") }
    if let database, database != name {
      warnings.append("the backup is of database \(database): what it says about the database itself is left out")
    }
    return warnings
  }
}

extension DumpObject.Kind {
  /// Whether such an object is what rows, indexes and triggers belong to.
  fileprivate var holdsRows: Bool {
    self == .table || self == .foreignTable || self == .materializedView || self == .view
  }
}

extension DumpSegment {
  /// Whether anything in it was understood as part of a dump.
  fileprivate var hasContent: Bool { !tables.isEmpty || !objectCounts.isEmpty || encoding != nil }
}

extension DumpOrigin {
  /// `dumped from PostgreSQL 15.18 by pg_dump 15.18`.
  var text: String {
    let server = server.map { "dumped from PostgreSQL \($0.text)" } ?? "of unknown origin"
    let program = program.map { " by pg_dump \($0.text)" } ?? ""
    return server + program + (started.map { ", \($0)" } ?? "")
  }
}
