internal import RecoverBase

/// The objects of one database of a dump: what makes each, what belongs to it, and what mentions it.
struct SelectionCatalog {
  struct Node {
    var key: DumpObjectKey
    /// nil where only rows or rights of it stand in the dump, as of an extension's table.
    var kind: DumpObject.Kind?
    /// The relation that it is a part of; of a sequence the one whose column owns it.
    var owner: Int?
    /// The entries that make it.
    var definitions: [Int] = []
    /// The partitioned table that it is a part of.
    var parent: Int?
    var rows: Int64 = 0
    /// The size of its rows in the dump.
    var bytes: Int64 = 0
  }

  private(set) var nodes: [Node] = []
  private var byKey: [DumpObjectKey: Int] = [:]
  private var byName: [SQLName: [Int]] = [:]
  /// What each statement of the database is about, by entry.
  private(set) var subjects: [Int: StatementSubject] = [:]
  /// The relation of each COPY and each run of INSERTs, by entry.
  private(set) var rowNodes: [Int: Int] = [:]
  /// The nodes that each statement mentions, by entry: one of a group has to be there.
  private(set) var mentions: [Int: [Int]] = [:]
  private(set) var groups: [[Int]] = []
  private var groupByMention: [DumpMention: Int] = [:]

  /// - Parameters:
  ///   - database: which one, where the dump connects to some.
  ///   - read: gives the text of a statement that the index has not kept; called in the order of the dump, twice.
  init(_ index: DumpIndex, database: String?, read: (DumpEntry) throws -> SQLText) throws {
    try collect(index, database: database, read)
    try connect(index, database: database, read)
  }

  func node(_ key: DumpObjectKey) -> Int? {
    if let node = byKey[key] { return node }
    let named = byName[key.name] ?? []
    switch key.kind {
    case .routine:
      // Written in another way than where it was made: the only one of its name is meant.
      let routines = named.filter { nodes[$0].key.kind == .routine }
      return routines.count == 1 ? routines[0] : nil
    case .index: return named.first { nodes[$0].key.kind == .constraint }
    // COMMENT ON COLUMN of a composite type.
    case .relation: return named.first { nodes[$0].key.kind == .type }
    case .type, .constraint, .trigger, .rule, .policy, .statistics, .other: return nil
    }
  }

  /// Whether an entry is read in the database, or is a database's own business.
  static func isIn(_ database: String?, _ entry: DumpEntry, of index: DumpIndex) -> Bool {
    guard let database else { return true }
    guard let own = index.states[entry.state].database else { return false }
    return own.utf8.elementsEqual(database.utf8)
  }

  /// A statement of the dump, its bytes, and where its names without a schema are looked up.
  private struct Statement {
    var number: Int
    var text: SQLText
    var syntax: SQLSyntax
    var schema: String?
  }

  /// Calls `body` with each single statement, and `rows` with what holds rows.
  private static func each(
    _ index: DumpIndex, database: String?, _ read: (DumpEntry) throws -> SQLText,
    rows: (Int, DumpEntry, String?) -> Void = { _, _, _ in }, statement body: (Statement) throws -> Void
  ) throws {
    var schema: String?
    for (number, entry) in index.entries.enumerated() where isIn(database, entry, of: index) {
      switch entry.content {
      case .statement(_, let text):
        let statement = Statement(
          number: number, text: try text ?? read(entry), syntax: index.states[entry.state].syntax, schema: schema)
        if let found = DumpSetting(SQLCursor(statement.text.bytes.span, syntax: statement.syntax, headBytes: 1 << 16)) {
          if found.name == "search_path" { schema = SegmentBuilder.onlySchema(of: found.values) }
          if found.name == "all" { schema = nil }
        }
        try body(statement)
      case .command(.connect): schema = nil
      case .copy, .inserts: rows(number, entry, schema)
      case .space, .command, .largeObjects, .unfinished: break
      }
    }
  }
}

// MARK: What there is

extension SelectionCatalog {
  private struct Rows {
    var entry: Int
    var table: SQLName
    var rows: Int64
    var bytes: Int64

    init(entry: Int, table: SQLName, _ rows: Int64, _ bytes: Int64) {
      (self.entry, self.table, self.rows, self.bytes) = (entry, table, rows, bytes)
    }
  }

  private mutating func collect(
    _ index: DumpIndex, database: String?, _ read: (DumpEntry) throws -> SQLText
  ) throws {
    var rows: [Rows] = []
    var found: [(Int, StatementSubject)] = []
    try Self.each(index, database: database, read) { number, entry, schema in
      switch entry.content {
      case .copy(let block):
        rows.append(Rows(entry: number, table: block.copy.table.resolved(in: schema), block.rows, block.dataBytes))
      case .inserts(let run):
        rows.append(Rows(entry: number, table: run.table.resolved(in: schema), run.rows, entry.byteCount))
      default: break
      }
    } statement: { statement in
      let parsed = DumpStatement(statement.text.bytes.span, syntax: statement.syntax)
      let subject = StatementSubject(parsed, statement.text.bytes.span, syntax: statement.syntax)
      found.append((statement.number, subject.resolved(in: statement.schema)))
    }
    for (number, subject) in found {
      subjects[number] = subject
      guard case .definition(let key, let kind, let whole) = subject else { continue }
      let id = define(key, kind, by: number)
      guard let whole else { continue }
      let owner = define(whole, nil)
      if kind == .table { nodes[id].parent = owner } else { nodes[id].owner = owner }
    }
    for (number, subject) in found { link(subject, number) }
    for part in rows {
      let node = define(.relation(part.table), nil)
      nodes[node].rows += part.rows
      nodes[node].bytes += part.bytes
      rowNodes[part.entry] = node
    }
  }

  @discardableResult
  private mutating func define(
    _ key: DumpObjectKey, _ kind: DumpObject.Kind?, by entry: Int? = nil
  ) -> Int {
    let id = byKey[key] ?? nodes.count
    if id == nodes.count {
      nodes.append(Node(key: key))
      byKey[key] = id
    }
    // What is only mentioned first gets its kind where it is made.
    let wasNameless = nodes[id].kind == nil
    nodes[id].kind = nodes[id].kind ?? kind
    if let entry { nodes[id].definitions.append(entry) }
    if wasNameless, let kind, Self.isMentionable(kind) { byName[key.name, default: []].append(id) }
    return id
  }

  /// Whether statements call such an object by its name and schema.
  private static func isMentionable(_ kind: DumpObject.Kind) -> Bool {
    switch kind {
    case .foreignKey, .checkConstraint, .notNullConstraint, .trigger, .rule, .policy: false
    default: kind.isInSchema
    }
  }

  private mutating func link(_ subject: StatementSubject, _ number: Int) {
    switch subject {
    case .identity(let sequence, let table):
      let (owner, owned) = (define(table, nil), define(sequence, .sequence, by: number))
      nodes[owned].owner = owner
    case .ownership(let sequence, let table):
      let (owner, owned) = (define(table, nil), define(sequence, nil))
      nodes[owned].owner = owner
    case .partition(let child, let parent):
      let (above, part) = (define(parent, nil), define(child, nil))
      nodes[part].parent = above
    case .rows(let key): define(key, nil)
    case .session, .definition, .part, .removal, .database, .outside, .other: break
    }
  }
}

// MARK: What mentions what

extension SelectionCatalog {
  private mutating func connect(
    _ index: DumpIndex, database: String?, _ read: (DumpEntry) throws -> SQLText
  ) throws {
    let known = byName
    try Self.each(index, database: database, read) { statement in
      guard let subject = subjects[statement.number], subject.mentions else { return }
      let found = DumpMention.all(
        in: statement.text.bytes.span, syntax: statement.syntax, schema: statement.schema,
        isKnown: { known[$0] != nil })
      // In an order that does not change from one reading to the next.
      let sorted = found.sorted { ($0.name.description, $0.isCall ? 1 : 0) < ($1.name.description, $1.isCall ? 1 : 0) }
      let groups = sorted.map { group($0) }
      if !groups.isEmpty { mentions[statement.number] = groups }
    }
  }

  private mutating func group(_ mention: DumpMention) -> Int {
    if let group = groupByMention[mention] { return group }
    let named = byName[mention.name] ?? []
    let routines = named.filter { nodes[$0].key.kind == .routine }
    let others = named.filter { nodes[$0].key.kind != .routine }
    let meant = mention.isCall && !routines.isEmpty || others.isEmpty ? routines : others
    groups.append(meant)
    groupByMention[mention] = groups.count - 1
    return groups.count - 1
  }
}

extension SQLName {
  fileprivate func resolved(in schema: String?) -> SQLName { SQLName(schema: self.schema ?? schema, name) }
}

extension StatementSubject {
  /// Whether what the statement mentions decides about it.
  fileprivate var mentions: Bool {
    switch self {
    case .session, .removal, .database, .outside: false
    case .definition, .part, .identity, .ownership, .partition, .rows, .other: true
    }
  }

  /// Names without a schema, looked up in one.
  fileprivate func resolved(in schema: String?) -> StatementSubject {
    guard let schema else { return self }
    switch self {
    case .session, .database, .outside, .other: return self
    case .definition(let key, let kind, let owner):
      return .definition(key.resolved(in: schema), kind, of: owner?.resolved(in: schema))
    case .part(let keys): return .part(keys.map { $0.resolved(in: schema) })
    case .identity(let sequence, let table):
      return .identity(sequence: sequence.resolved(in: schema), of: table.resolved(in: schema))
    case .ownership(let sequence, let table):
      return .ownership(of: sequence.resolved(in: schema), by: table.resolved(in: schema))
    case .partition(let child, let parent):
      return .partition(child.resolved(in: schema), of: parent.resolved(in: schema))
    case .removal(let key): return .removal(key?.resolved(in: schema))
    case .rows(let key): return .rows(key.resolved(in: schema))
    }
  }
}
