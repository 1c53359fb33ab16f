internal import PostgresKit
package import RecoverBase
internal import RecoverRepository

/// Finds the members of a backup of ours that a restore of some tables needs, so that the rest is never read.
///
/// Needed is whatever holds no rows, and the rows of the chosen tables. What is read is compared with its digest first;
/// of the rest only the index is looked at, and that has to agree with the manifest.
struct ExcerptFinder {
  private let file: BackupFile
  private let directory: BackupDirectory
  private let manifest: BackupManifest
  private let interruption: Interruption

  /// - Returns: nil for a dump that is not in a backup of ours.
  /// - Throws: ``RecoverError`` `backupRefused` for a manifest that can't be understood.
  init?(_ file: BackupFile, _ interruption: Interruption) throws {
    guard file.compression == .gzip, let directory = BackupDirectory.containing(file.path) else { return nil }
    self.file = file
    self.directory = directory
    manifest = try directory.read().manifest
    self.interruption = interruption
  }

  /// What is read of a backup, and what its index says of it.
  struct Found: Sendable {
    var excerpt: BackupExcerpt
    var report: ExcerptReport
    /// The rows of each table that are in it.
    fileprivate var rows: [SQLName: Rows] = [:]
    /// What errors call the index.
    fileprivate var index: String
  }

  fileprivate struct Rows: Sendable, Hashable {
    var count: Int64 = 0
    var bytes: Int64 = 0
  }

  /// Reads what holds no rows.
  ///
  /// - Returns: nil for a backup that has to be read as a whole.
  private func frame(_ progress: (Int64) -> Void) throws -> Frame? {
    _ = try BackupCheck(directory).checkBesideMembers(interruption)
    // Names in another encoding may not be told apart as they are here.
    guard manifest.source.encoding == "UTF8" else { return nil }
    guard let found = try members(isOfFrame, comparing: isOfFrame, progress) else { return nil }
    var file = file
    file.excerpt = found.excerpt
    let (survey, index) = try DumpIndexFile.make(try file.reference(), of: file, in: nil, interruption: interruption)
    return Frame(survey: survey, index: index, file: file)
  }

  private struct Frame {
    var survey: DumpSurvey
    var index: DumpIndexFile
    var file: BackupFile
  }

  /// Whether a member is read whatever tables are chosen.
  private func isOfFrame(_ entry: MemberEntry) -> Bool {
    // Whether an extension's table is in the dump is only told by its rows.
    entry.largeObjects != true
      && (entry.chunks.isEmpty || entry.chunks.contains { manifest.tables[$0.table].isOfExtension })
  }

  /// - Parameters:
  ///   - chosen: which tables' rows are needed, decided by what the dump says of its objects.
  ///   - progress: told how far the dump was compared with its digests.
  /// - Returns: nil for a backup that has to be read as a whole: its index is of an older version, or its database is not
  ///   in UTF-8.
  /// - Throws: ``RecoverError`` `backupRefused` for what is not as it was written.
  func find(
    progress: (Int64) -> Void = { _ in }, chosen: (DumpSurvey, DumpIndexFile, BackupFile) throws -> Set<SQLName>
  ) throws -> Found? {
    guard let frame = try frame(progress) else { return nil }
    let names = try chosen(frame.survey, frame.index, frame.file)
    let wanted = Set(
      manifest.tables.indices.filter {
        names.contains(SQLName(schema: manifest.tables[$0].schema, manifest.tables[$0].name))
      })
    func isWanted(_ entry: MemberEntry) -> Bool { entry.chunks.contains { wanted.contains($0.table) } }
    return try members(
      { isOfFrame($0) || isWanted($0) }, comparing: { !isOfFrame($0) }, progress)
  }

  /// - Parameters:
  ///   - isNeeded: whether a member is read.
  ///   - isNew: whether a needed one has to be compared with its digest.
  private func members(
    _ isNeeded: (MemberEntry) -> Bool, comparing isNew: (MemberEntry) -> Bool, _ progress: (Int64) -> Void
  ) throws -> Found? {
    var walk = try MemberWalk(directory, manifest)
    var digests = MemberDigests(directory, dump: manifest.dump.file)
    var excerpt = BackupExcerpt()
    var rows: [Int: Rows] = [:]
    var line: Int64 = 1
    while let member = try walk.next() {
      try interruption.check()
      guard let lines = member.entry.lines else { return nil }
      if isNeeded(member.entry) {
        if isNew(member.entry) { try digests.check(member) }
        progress(digests.offset)
        excerpt.add(member.entry, number: member.number, line: line, lines: lines)
        for chunk in member.entry.chunks {
          rows[chunk.table, default: Rows()].count += chunk.content.rows
          rows[chunk.table, default: Rows()].bytes += chunk.content.bytes
        }
      }
      line += lines
    }
    let report = ExcerptReport(
      digest: try excerpt.digest, members: excerpt.members.count, ofMembers: manifest.dump.members,
      bytes: excerpt.fileBytes, ofBytes: manifest.file(named: manifest.dump.file)?.bytes ?? 0,
      dumpBytes: manifest.dump.contentBytes)
    let named = rows.map { (SQLName(schema: manifest.tables[$0.key].schema, manifest.tables[$0.key].name), $0.value) }
    return Found(
      excerpt: excerpt, report: report, rows: Dictionary(named, uniquingKeysWith: { first, _ in first }),
      index: manifest.dump.index)
  }
}

extension ExcerptFinder.Found {
  /// Refuses an index that says something else of the rows than what was read.
  ///
  /// - Parameter index: of the excerpt.
  /// - Throws: ``RecoverError`` `backupRefused`.
  func check(_ index: DumpIndex) throws {
    var found: [SQLName: ExcerptFinder.Rows] = [:]
    for entry in index.entries {
      guard case .copy(let block) = entry.content else { continue }
      found[block.copy.table, default: ExcerptFinder.Rows()].count += block.rows
      found[block.copy.table, default: ExcerptFinder.Rows()].bytes += block.dataBytes
    }
    for table in Set(found.keys).union(rows.keys).sorted(by: { $0.description < $1.description }) {
      let (said, read) = (rows[table] ?? ExcerptFinder.Rows(), found[table] ?? ExcerptFinder.Rows())
      guard said != read else { continue }
      throw RecoverError(
        .backupRefused,
        "the index \(self.index) lies: where it says that \(said.count) rows of \(table) are, there are \(read.count)",
        hint: "the dump may be whole: gunzip -c reads it without the index; or use another backup")
    }
  }
}

/// How much of a backup of ours is read, where not all of it is needed.
package struct ExcerptReport: Sendable, Hashable, Codable {
  /// Of which members these are.
  package var digest: Digest
  package var members: Int
  package var ofMembers: Int64
  /// Compressed.
  package var bytes: Int64
  package var ofBytes: Int64
  /// The size of the whole dump, decompressed.
  package var dumpBytes: Int64
}

extension ExcerptFinder {
  /// Refuses names that match nothing.
  ///
  /// - Returns: false where only reading the whole backup can tell.
  /// - Throws: ``RecoverError`` `usage`.
  func checkNames(_ request: DatabaseRequest) throws -> Bool {
    guard let frame = try frame({ _ in }) else { return false }
    let choice = try DumpChoice(frame.survey, path: file.path, segment: request.segment, name: request.segment)
    _ = try Self.tables(request.selection, request.exchange, choice, frame.index, frame.file, interruption)
    return true
  }

  /// Finds what a run needs; nil where it restores everything, or of another dump.
  static func find(
    _ bindings: DatabaseBindings, in file: BackupFile, _ interruption: Interruption,
    progress: (Int64) -> Void = { _ in }
  ) throws -> Found? {
    guard bindings.isPartial, let finder = try ExcerptFinder(file, interruption) else { return nil }
    return try finder.find(progress: progress) { survey, index, file in
      let choice = try DumpChoice(survey, bindings: bindings)
      return try Self.tables(bindings.selection, bindings.exchange, choice, index, file, interruption)
    }
  }

  /// The tables whose rows a run needs.
  private static func tables(
    _ selection: DumpSelection?, _ exchange: ExchangeBindings?, _ choice: DumpChoice, _ index: DumpIndexFile,
    _ file: BackupFile, _ interruption: Interruption
  ) throws -> Set<SQLName> {
    let texts = StatementTexts(file, access: nil, interruption)
    if let selection {
      let selected = try selection.select(
        in: index.index, database: choice.database, named: file.path, read: texts.read)
      return Set(selected.tables.map(\.name))
    }
    guard let exchange, let selection = exchange.selection else { return [] }
    let names = try selection.tables(
      in: index.index, database: choice.database, dump: file.path,
      option: exchange.rows == nil ? "--table" : "--rows-into")
    guard exchange.rows != nil else { return Set(names) }
    return try StagingScript(
      index.index, database: choice.database, tables: names, extent: .rows, schemas: { $0 }, read: texts.read
    ).rules.tables
  }
}

extension DatabaseBindings {
  /// Whether only some tables of the backup are needed.
  var isPartial: Bool { selection != nil || exchange?.selection != nil }
}
