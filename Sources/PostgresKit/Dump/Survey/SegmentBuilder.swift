/// Collects what one segment holds.
struct SegmentBuilder {
  private(set) var segment: DumpSegment
  private var tables: [SQLName: Int] = [:]
  private var roles: Set<SQLName> = []
  private var owners: Set<SQLName> = []
  private var tablespaces: Set<SQLName> = []
  /// The schema that names without one belong to, where only one is searched.
  private var schema: String?
  /// The head of the last INSERT, up to its table, and the table's index: most INSERTs are like the one before.
  private var lastInsert: (head: [UInt8], table: Int)?

  init(database: String?, offset: Int64, line: Int64) {
    segment = DumpSegment(database: database, offset: offset, line: line, endOffset: offset)
  }

  /// The segment, which ends at an offset.
  func finished(endOffset: Int64) -> DumpSegment {
    var segment = segment
    segment.endOffset = endOffset
    segment.roles = Self.sorted(roles)
    segment.owners = Self.sorted(owners)
    segment.tablespaces = Self.sorted(tablespaces)
    return segment
  }

  private static func sorted(_ names: Set<SQLName>) -> [String] {
    names.map(\.name).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }

  // MARK: Rows

  private mutating func index(of name: SQLName) -> Int {
    let name = resolved(name)
    if let index = tables[name] { return index }
    tables[name] = segment.tables.count
    segment.tables.append(DumpTable(name))
    return segment.tables.count - 1
  }

  /// The name with the schema that it is looked up in, where that is certain.
  private func resolved(_ name: SQLName) -> SQLName { SQLName(schema: name.schema ?? schema, name.name) }

  mutating func begin(_ copy: DumpCopy) {
    let index = index(of: copy.table)
    segment.tables[index].columns = segment.tables[index].columns ?? copy.columns
    segment.tables[index].copyBlocks += 1
    if copy.format == .opaque { segment.tables[index].isExact = false }
  }

  mutating func add(rows: Int, bytes: Int, of copy: DumpCopy) {
    let index = index(of: copy.table)
    segment.tables[index].rows += Int64(rows)
    segment.tables[index].copyBytes += Int64(bytes)
  }

  /// Counts an INSERT into the same table as the last one.
  ///
  /// - Returns: false when it is into another table, or the first one.
  mutating func add(insert: Span<UInt8>, rows: Int) -> Bool {
    guard let (head, table) = lastInsert, insert.starts(with: head), insert.count > head.count,
      Ascii.isSpace(insert[head.count])
    else { return false }
    count(rows: rows, bytes: insert.count, of: table)
    return true
  }

  /// Counts an INSERT.
  ///
  /// - Parameters:
  ///   - head: the statement up to and with the table's name; nil when it is written in an odd way.
  ///   - rows: nil when they are selected.
  mutating func add(insertInto name: SQLName, head: [UInt8]?, rows: Int?, bytes: Int) {
    let table = index(of: name)
    lastInsert = head.map { ($0, table) }
    count(rows: rows, bytes: bytes, of: table)
  }

  /// Counts a run of INSERTs.
  mutating func add(_ run: DumpInsertRun, byteCount: Int64) {
    let table = index(of: run.table)
    segment.tables[table].rows += run.rows
    segment.tables[table].insertStatements += run.statements
    segment.tables[table].insertBytes += byteCount
  }

  private mutating func count(rows: Int?, bytes: Int, of table: Int) {
    segment.tables[table].rows += Int64(rows ?? 0)
    segment.tables[table].insertStatements += 1
    segment.tables[table].insertBytes += Int64(bytes)
    if rows == nil { segment.tables[table].isExact = false }
  }

  // MARK: Everything else

  mutating func apply(_ setting: DumpSetting) {
    lastInsert = nil
    switch setting.name {
    case "client_encoding": segment.encoding = segment.encoding ?? setting.value
    case "search_path": schema = Self.onlySchema(of: setting.values)
    case "default_tablespace":
      if let name = setting.value, !name.isEmpty { tablespaces.insert(SQLName(name)) }
    case "all": schema = nil
    default: break
    }
  }

  /// The schema that is searched first when nothing but the system's follows, as older versions of pg_dump set it.
  static func onlySchema(of searchPath: [String]?) -> String? {
    guard let first = searchPath?.first, !first.isEmpty, first != "$user",
      searchPath?.dropFirst().allSatisfy({ $0 == "pg_catalog" }) == true
    else { return nil }
    return first
  }

  /// A new session begins, in the same database.
  mutating func reconnect() {
    schema = nil
    lastInsert = nil
  }

  mutating func need(owner name: String) { owners.insert(SQLName(name)) }

  mutating func need(roles names: [String], tablespace: String?) {
    for name in names { roles.insert(SQLName(name)) }
    if let tablespace { tablespaces.insert(SQLName(tablespace)) }
  }

  /// - Parameter isKept: whether the object itself is still to be kept, beside its count.
  mutating func add(_ object: DumpObject, isKept: Bool) {
    var object = object
    if object.kind.isInSchema { object.name = resolved(object.name) }
    object.table = object.table.map(resolved)
    segment.objectCounts[object.kind, default: 0] += 1
    if isKept { segment.objects.append(object) }
    switch object.kind {
    case .extension: segment.extensions.append(object.name)
    case .language where object.signature == nil: segment.languages.append(object.name.name)
    case .eventTrigger: segment.eventTriggers.append(object.name.name)
    case .publication: segment.publications.append(object.name.name)
    case .subscription: segment.subscriptions.append(object.name.name)
    default: break
    }
  }

  mutating func forgetObjects() {
    segment.objects = []
    segment.hasAllObjects = false
  }

  mutating func add(_ escape: DumpEscape, isKept: Bool) {
    segment.escapeCount += 1
    if isKept { segment.escapes.append(escape) }
  }
}
