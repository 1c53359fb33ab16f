/// What of a dump stands before its rows, among them and behind them: what the parallel loader goes by.
///
/// Only a dump in the order of pg_dump has one: schema, rows, then indexes and constraints. Every other one is loaded in
/// its own order, and ``Refusal`` says why.
struct LoadLayout: Sendable {
  /// Where the first row, or the first large object, begins.
  var start: LoadPosition
  /// Rows, large objects, and where sequences stand, in the order of the dump.
  var data: [DataEntry] = []
  /// What comes behind them.
  var after: LoadPosition
  var later: [LaterStatement] = []
  /// Where the last foreign key ends; nil where there is none.
  var constraintsEndOffset: Int64?
  var byteCount: Int64

  /// What the rows take of the dump.
  var dataBytes: Int64 { data.reduce(0) { $0 + $1.endOffset - $1.position.reader.offset } }

  struct DataEntry: Sendable, Hashable {
    var position: LoadPosition
    var endOffset: Int64
    var kind: Kind

    enum Kind: Sendable, Hashable {
      case copy(DumpCopyBlock)
      case inserts(DumpInsertRun)
      case largeObjects(DumpLargeObjectRun.Kind)
      case setval
      /// A change of the session alone.
      case session
    }
  }

  /// A statement behind the rows.
  struct LaterStatement: Sendable, Hashable {
    var position: LoadPosition
    var endOffset: Int64
    var kind: Kind
    /// The statement, where the index has kept it.
    var text: SQLText?
    /// Whether nothing before it can be what it needs, but for tables and their rows.
    var mayComeEarly: Bool

    enum Kind: Sendable, Hashable {
      case index(IndexStatement)
      case key(KeyConstraint)
      /// A constraint whose index can't be built apart: a key that is written in an odd way, or EXCLUDE.
      case constraint(SQLName)
      case foreignKey(ForeignKey)
      case clusterOn(SQLName)
      case session
      case other
    }
  }

  /// Why a dump is loaded in its own order.
  struct Refusal: Error, Hashable {
    var reason: String
    /// Whether several connections could load it, but would not be faster.
    var isChoice = false
    /// What people should know.
    var notableReason: String? { isChoice ? nil : reason }
  }
}

extension LoadLayout {
  /// - Throws: ``Refusal``.
  init(_ index: DumpIndex, rules: LoadRules) throws {
    if let refusal = index.refusal { throw Refusal(reason: refusal) }
    let entries = index.entries
    let isSelected = { (entry: DumpEntry) in
      rules.database == nil || index.states[entry.state].database == rules.database
    }
    guard let first = entries.firstIndex(where: isSelected), let last = entries.lastIndex(where: isSelected) else {
      throw Refusal(reason: "it holds no database \(rules.database ?? "")")
    }
    guard entries[first...last].allSatisfy(isSelected) else {
      throw Refusal(reason: "its databases take turns")
    }
    guard let firstData = entries[first...last].firstIndex(where: \.isData),
      let lastData = entries[first...last].lastIndex(where: \.isData)
    else { throw Refusal(reason: "it holds no rows") }
    try Self.check(index, first..<firstData)
    start = index.position(of: entries[firstData])
    byteCount = index.byteCount
    data = try (firstData...lastData).map { try DataEntry(index, $0) }
    // What sets sequences belongs to the rows.
    var next = lastData + 1
    while next <= last, let entry = try? DataEntry(index, next) {
      data.append(entry)
      next += 1
    }
    after =
      next < entries.count ? index.position(of: entries[next]) : LoadPosition(end: index, behind: entries[lastData])
    try addLater(index, next..<max(next, last + 1))
  }

  private static func check(_ index: DumpIndex, _ range: Range<Int>) throws {
    for entry in index.entries[range] {
      try refuseTransactions(index, entry)
      if case .command(.encoding) = entry.content {
        throw Refusal(reason: "line \(entry.line): \\encoding is in its way")
      }
    }
  }

  /// A transaction of the dump, and what lives as long as a session, belong to one connection.
  private static func refuseTransactions(_ index: DumpIndex, _ entry: DumpEntry) throws {
    guard let statement = index.statement(of: entry) else { return }
    switch statement.kind {
    case .begin, .commit, .rollback: throw Refusal(reason: "line \(entry.line): it has a transaction of its own")
    default: break
    }
    guard case .statement(_, let text?) = entry.content else { return }
    let syntax = index.states[entry.state].syntax
    if LoadStatement(statement, text.bytes.span, syntax: syntax).role == .sessionBound {
      throw Refusal(reason: "line \(entry.line): it makes a temporary object")
    }
  }

  private mutating func addLater(_ index: DumpIndex, _ range: Range<Int>) throws {
    var mayComeEarly = true
    for entry in index.entries[range] {
      try Self.refuseTransactions(index, entry)
      switch entry.content {
      case .command(.encoding): throw Refusal(reason: "line \(entry.line): \\encoding is in its way")
      case .command(.connect): mayComeEarly = false
      case .command, .space: continue
      case .statement, .copy, .inserts, .largeObjects, .unfinished: break
      }
      var text: SQLText?
      if case .statement(_, let kept) = entry.content { text = kept }
      let (kind, isInert) = Self.kind(index, entry, text)
      mayComeEarly = mayComeEarly && isInert
      later.append(
        LaterStatement(
          position: index.position(of: entry), endOffset: entry.endOffset, kind: kind, text: text,
          mayComeEarly: mayComeEarly))
      if case .foreignKey = kind { constraintsEndOffset = entry.endOffset }
    }
  }

  /// What a statement behind the rows is, and whether it makes nothing that an index behind it could need.
  private static func kind(
    _ index: DumpIndex, _ entry: DumpEntry, _ text: SQLText?
  ) -> (LaterStatement.Kind, isInert: Bool) {
    guard let text, let statement = index.statement(of: entry) else { return (.other, false) }
    let syntax = index.states[entry.state].syntax
    switch statement.kind {
    case .setting, .setRole, .setSessionAuthorization:
      let role = LoadStatement(statement, text.bytes.span, syntax: syntax).role
      if case .session = role { return (.session, true) }
      return (.other, false)
    case .createIndex(_, isConcurrent: false):
      return (IndexStatement(text, syntax: syntax).map { .index($0) } ?? .other, true)
    case .create(let object): return constraint(object, text, syntax)
    case .alter(.table, let table):
      if SQLCursor(text.bytes.span, syntax: syntax).clustersTable { return (.clusterOn(table), true) }
      return (.other, SQLCursor(text.bytes.span, syntax: syntax).altersNoColumn)
    case .alter(let kind, _): return (.other, [.index, .sequence, .statistics, .publication].contains(kind))
    case .empty, .alterOwner, .comment, .privileges, .defaultPrivileges, .setval: return (.other, true)
    default: return (.other, false)
    }
  }

  private static func constraint(
    _ object: DumpObject, _ text: SQLText, _ syntax: SQLSyntax
  ) -> (LaterStatement.Kind, isInert: Bool) {
    switch object.kind {
    case .primaryKey, .uniqueConstraint:
      if let key = KeyConstraint(text, syntax: syntax) { return (.key(key), true) }
      return (object.table.map { .constraint($0) } ?? .other, true)
    case .exclusionConstraint: return (object.table.map { .constraint($0) } ?? .other, true)
    case .foreignKey: return (ForeignKey(text, syntax: syntax).map { .foreignKey($0) } ?? .other, true)
    case .checkConstraint, .notNullConstraint, .trigger, .rule, .policy, .statistics, .publication, .subscription,
      .eventTrigger:
      return (.other, true)
    default: return (.other, false)
    }
  }
}

extension LoadLayout.DataEntry {
  /// - Throws: ``LoadLayout/Refusal`` for what must not stand among rows.
  init(_ index: DumpIndex, _ number: Int) throws {
    let entry = index.entries[number]
    position = index.position(of: entry)
    endOffset = entry.endOffset
    let refusal = LoadLayout.Refusal(reason: "line \(entry.line): a statement stands among the rows")
    switch entry.content {
    case .copy(let block): kind = .copy(block)
    case .inserts(let run): kind = .inserts(run)
    case .largeObjects(let run):
      guard run.kind != .calls else { throw refusal }
      kind = .largeObjects(run.kind)
    case .statement(_, let text?):
      guard let statement = index.statement(of: entry) else { throw refusal }
      if case .setval = statement.kind {
        kind = .setval
        return
      }
      let role = LoadStatement(statement, text.bytes.span, syntax: index.states[entry.state].syntax).role
      guard case .session = role else { throw refusal }
      kind = .session
    case .statement, .space, .command, .unfinished: throw refusal
    }
  }
}

extension DumpEntry {
  /// Large objects are also made, dropped and granted far from all rows.
  fileprivate var isData: Bool {
    switch content {
    case .copy, .inserts: true
    case .largeObjects(let run): run.kind != .objects
    case .space, .statement, .command, .unfinished: false
    }
  }
}

extension DumpIndex {
  /// Where a load goes on that begins with this entry.
  func position(of entry: DumpEntry) -> LoadPosition {
    LoadPosition(reader: readerState(of: entry), session: states[entry.state].session)
  }
}

extension LoadPosition {
  /// The end of the dump.
  fileprivate init(end index: DumpIndex, behind entry: DumpEntry) {
    self.init(reader: index.readerState(of: entry), session: index.states[entry.state].session)
    reader.offset = index.byteCount
    reader.restrictKey = nil
  }
}

extension SQLCursor {
  /// `ALTER TABLE ... CLUSTER ON`.
  fileprivate var clustersTable: Bool {
    var cursor = self
    return cursor.takeTable() && cursor.isAt("cluster")
  }

  /// ALTER TABLE of what no index can need: REPLICA IDENTITY, row-level security, triggers and rules.
  fileprivate var altersNoColumn: Bool {
    var cursor = self
    guard cursor.takeTable() else { return false }
    let words: [StaticString] = ["replica", "enable", "disable", "force", "no", "owner", "validate"]
    return words.contains { cursor.isAt($0) }
  }

  private mutating func takeTable() -> Bool {
    guard take("alter", "table") else { return false }
    _ = take("if", "exists")
    _ = take("only")
    return qualifiedName() != nil
  }
}
