internal import RecoverBase

/// What a dump has to say about some of its tables: the rules by which a load picks it out, and the statements that make
/// the tables without their rows, in the order of the dump.
///
/// Made from the index of the dump, without a server.
package struct StagingScript: Sendable {
  package var rules: StagingRules
  /// Settings, and what makes and describes the tables beside the live ones.
  var statements: [Statement] = []
  /// Foreign keys to tables that are not chosen, and comments on them, as the dump writes them: what the exchange runs.
  package var laterForeignKeys: [Statement] = []

  package struct Statement: Sendable, Hashable {
    package var line: Int64
    package var text: SQLText
    /// Whether it changes nothing but the session.
    package var isSetting = false
  }

  /// - Parameters:
  ///   - database: which database of a dump of several; nil for a dump that connects to none.
  ///   - tables: names as the dump writes them, with their schemas.
  ///   - schemas: the schema that the relations of each schema get.
  ///   - places: where the lines of what was indexed stand in the backup.
  ///   - read: the text of a statement that the index does not keep.
  /// - Throws: ``RecoverError`` `backupRefused` for tables that the dump does not make, or that can't be restored alone.
  package init(
    _ index: DumpIndex, database: String?, tables: [SQLName], extent: StagingExtent = .everything,
    schemas: (String) -> String, places: DumpPlaces = DumpPlaces(), read: (DumpEntry) throws -> SQLText
  ) throws {
    let entries = index.entries.filter { database == nil || index.states[$0.state].database == database }
    var chosen = Set(tables)
    if extent == .rows { chosen = try PartitionTree(entries, index, read: read).members(below: tables) }
    guard extent == .everything || Set(chosen.map(\.name)).count == chosen.count else {
      throw RecoverError(
        .usage, "partitions of \(tables.first?.description ?? "") in several schemas have the same name",
        hint: "name one partition after the other")
    }
    var names = MovedNames()
    for table in chosen { names[table] = schemas(table.schema ?? "") }
    rules = StagingRules(
      names: names, tables: chosen, commentedSchema: schemas(tables.first?.schema ?? ""))
    rules.extent = extent
    var survey = TableSurvey(chosen: chosen, extent: extent)
    var parsed: [(entry: DumpEntry, text: SQLText, syntax: SQLSyntax)] = []
    for entry in entries {
      guard case .statement(_, let kept) = entry.content else { continue }
      let (text, syntax) = (try kept ?? read(entry), index.states[entry.state].syntax)
      let line = places.original(line: entry.line, offset: entry.offset).line
      let isOfInterest = survey.note(DumpStatement(text.bytes.span, syntax: syntax), text, syntax: syntax, line: line)
      if isOfInterest { parsed.append((entry, text, syntax)) }
    }
    try survey.check()
    rules.jumps = Self.jumps(in: index, over: chosen)
    for relation in survey.parts where extent == .everything { rules.names[relation] = schemas(relation.schema ?? "") }
    for (entry, text, syntax) in parsed {
      let line = places.original(line: entry.line, offset: entry.offset).line
      let statement = DumpStatement(text.bytes.span, syntax: syntax)
      // What a sequence stands at comes with the rows.
      if case .setval = statement.kind { continue }
      switch rules.action(for: statement, text.bytes.span, syntax: syntax) {
      case .asWritten: statements.append(Statement(line: line, text: text, isSetting: true))
      case .run(let rewritten):
        statements.append(Statement(line: line, text: rewritten))
        if let more = rules.afterwards(statement.kind, text.bytes.span, syntax: syntax) {
          statements.append(Statement(line: line, text: more))
        }
      case .later:
        // It runs in another session, which does not have the dump's encoding.
        let sql = DumpText.string(text.bytes, clientEncoding: syntax.clientEncoding)
        laterForeignKeys.append(Statement(line: line, text: SQLText(Array(sql.utf8))))
        if case .create(let key) = statement.kind, let table = key.table {
          rules.laterKeys.insert(StagingRules.LaterKey(table: table, name: SQLName(key.name.name)))
        }
      case .passOver: break
      }
    }
  }
}

extension StagingScript {
  /// Less than this is read in no time.
  private static let jumpBytes: Int64 = 1 << 20

  private static func jumps(in index: DumpIndex, over chosen: Set<SQLName>) -> [Int64: DumpReaderState] {
    var jumps: [Int64: DumpReaderState] = [:]
    for (number, entry) in index.entries.enumerated() {
      guard case .copy(let block) = entry.content, block.dataBytes >= jumpBytes, number + 1 < index.entries.count,
        !chosen.contains(block.copy.table)
      else { continue }
      jumps[block.copy.offset] = index.readerState(of: index.entries[number + 1])
    }
    return jumps
  }
}

/// What belongs to the chosen tables, and what keeps them from being restored alone.
private struct TableSurvey {
  let chosen: Set<SQLName>
  let extent: StagingExtent
  private var made: Set<SQLName> = []
  /// Sequences, indexes and statistics of the tables.
  private(set) var parts: Set<SQLName> = []
  private var refusals: [String] = []
  private var noted: Set<SQLName> = []

  init(chosen: Set<SQLName>, extent: StagingExtent) {
    self.chosen = chosen
    self.extent = extent
  }

  /// - Returns: whether the statement may be needed.
  mutating func note(_ statement: DumpStatement, _ text: SQLText, syntax: SQLSyntax, line: Int64) -> Bool {
    let bytes = text.bytes.span
    switch statement.kind {
    case .create(let object):
      note(object, SQLCursor(bytes, syntax: syntax), line: line)
      return true
    case .createIndex(let index, _):
      if let table = index.table, chosen.contains(table) { parts.insert(index.name) }
      return true
    case .alter(.sequence, let sequence):
      if let table = Self.owner(SQLCursor(bytes, syntax: syntax)), chosen.contains(table) { parts.insert(sequence) }
      return true
    case .alter(.table, let table):
      noteAlter(table, SQLCursor(bytes, syntax: syntax), line: line)
      return true
    case .setting, .setRole, .setSessionAuthorization, .alter, .alterOwner, .comment, .privileges, .setval: return true
    case .empty, .begin, .commit, .rollback, .copyFromStdin, .copyToStdout, .copyServer, .insert, .largeObject,
      .refreshMaterializedView, .analyze, .vacuum, .drop, .defaultPrivileges, .database, .role, .tablespace,
      .alterSystem, .parameter, .doBlock, .load, .other:
      return false
    }
  }

  private mutating func note(_ object: DumpObject, _ cursor: SQLCursor, line: Int64) {
    switch object.kind {
    case .table where chosen.contains(object.name):
      made.insert(object.name)
      var words = cursor
      while !words.isAtEnd {
        // What is partitioned comes with its partitions where rows alone are wanted.
        if extent == .rows, words.take("partition", "by") { continue }
        if words.isAt("inherits") || words.isAt("partition") {
          refusals.append("table \(object.name) is a part of other tables, or has parts (line \(line))")
          break
        }
        if words.isAt("(") { words.skipParentheses() } else { words.advance() }
      }
    case .view, .materializedView, .foreignTable:
      guard chosen.contains(object.name) else { return }
      refusals.append("\(object.name) is a \(object.kind.rawValue) in the backup (line \(line)), not a table")
    case .primaryKey, .uniqueConstraint, .exclusionConstraint:
      if let table = object.table, chosen.contains(table) { parts.insert(object.name) }
    case .statistics:
      var from = cursor
      guard from.skip(to: "from"), from.take("from"), let table = from.qualifiedName() else { return }
      if chosen.contains(table) { parts.insert(object.name) }
    default: break
    }
  }

  /// `ADD GENERATED ... (SEQUENCE NAME s)`, and tables that become parts of others.
  private mutating func noteAlter(_ table: SQLName, _ cursor: SQLCursor, line: Int64) {
    var words = cursor
    while !words.isAtEnd {
      if chosen.contains(table), words.take("sequence", "name") {
        if let sequence = words.qualifiedName() { parts.insert(sequence) }
      } else if words.take("attach", "partition") {
        if let part = words.qualifiedName() { noteParts(table, part, "partition", line: line) }
      } else if words.take("inherit") {
        if let parent = words.qualifiedName() { noteParts(parent, table, "child", line: line) }
      } else {
        words.advance()
      }
    }
  }

  /// Where rows alone are wanted, a table comes with its partitions, and a partition alone without its place.
  private mutating func noteParts(_ whole: SQLName, _ part: SQLName, _ word: String, line: Int64) {
    guard extent == .everything else { return }
    if chosen.contains(part) { refusals.append("table \(part) is a \(word) of \(whole) (line \(line))") }
    // Once is enough.
    if chosen.contains(whole), noted.insert(whole).inserted {
      let parts = word == "child" ? "children" : "partitions"
      refusals.append("table \(whole) has \(parts), such as \(part) (line \(line))")
    }
  }

  /// The table of `OWNED BY schema.table.column`.
  private static func owner(_ cursor: SQLCursor) -> SQLName? {
    var words = cursor
    while !words.isAtEnd, !words.take("owned", "by") { words.advance() }
    var names: [String] = []
    repeat {
      guard let name = words.identifier() else { return nil }
      names.append(name)
    } while words.take(".")
    return names.count == 3 ? SQLName(schema: names[0], names[1]) : nil
  }

  func check() throws {
    let missing = chosen.subtracting(made).map(\.description).sorted()
    guard missing.isEmpty else {
      throw RecoverError(
        .backupRefused, "the backup makes no table \(missing.joined(separator: ", "))",
        hint: "recover db --from BACKUP --list tells what it holds")
    }
    guard let first = refusals.first else { return }
    let more = refusals.count > 1 ? ", and \(refusals.count - 1) more" : ""
    // Another backup of the same table would not help.
    throw RecoverError(
      .usage, "\(first)\(more): it can't be restored alone into the live database",
      hint: extent == .rows
        ? "name one of its partitions, or restore it beside the live database with --table and --into NAME"
        : "--into NAME restores it to a database beside the live one; --rows-into adds missing rows to a partition")
  }
}

/// Which tables of a dump are attached to which, so that a partitioned table comes with its partitions.
private struct PartitionTree {
  private var children: [SQLName: [SQLName]] = [:]

  init(_ entries: [DumpEntry], _ index: DumpIndex, read: (DumpEntry) throws -> SQLText) throws {
    for entry in entries {
      guard case .statement(_, let kept) = entry.content else { continue }
      let (text, syntax) = (try kept ?? read(entry), index.states[entry.state].syntax)
      guard let (parent, child) = StagingRules.attachment(text.bytes.span, syntax) else { continue }
      children[parent, default: []].append(child)
    }
  }

  /// The tables, and everything below them.
  func members(below tables: [SQLName]) -> Set<SQLName> {
    var members: Set<SQLName> = []
    var left = tables
    while let table = left.popLast() {
      if members.insert(table).inserted { left += children[table] ?? [] }
    }
    return members
  }
}
