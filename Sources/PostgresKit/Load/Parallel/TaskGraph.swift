internal import RecoverBase

/// The tasks of a parallel load, and what of the dump is run in another way because of them: a pure function of what the
/// dump and the catalog say.
///
/// It does not depend on how many connections there are, so that a resumed load has the same tasks.
struct TaskGraph: Sendable {
  /// Rows, large objects, sequences, and the indexes that can be built as soon as their table is full.
  var build: [LoadTask] = []
  /// One for each foreign key that was added without a look at the rows.
  var validations: [LoadTask] = []
  /// What of the statements behind the rows is passed over or replaced.
  var edits: [Int64: StatementEdit] = [:]

  struct Sizes: Sendable, Hashable {
    var partBytes: Int64
    /// A table with less data shares its transactions with others.
    var smallBytes: Int64
    /// How many of them share one.
    var smallCount = 128
    /// The largest of them that is written frozen, in one transaction.
    var wholeBytes: Int64 { 2 * partBytes }
  }

  /// By which rules a dump is cut into tasks: a load that was begun by others can't go on by these.
  static func rules(_ sizes: Sizes, _ index: DumpIndex) -> String {
    "1/\(sizes.partBytes)/\(sizes.smallBytes)/\(sizes.smallCount)/\(index.chunkBytes)"
  }

  private let layout: LoadLayout
  private let catalog: TableCatalog
  private let sizes: Sizes
  /// Of each tree of tables, the tasks that fill it.
  private var fillers: [UInt32: [Int]] = [:]
  /// The bytes of rows that each tree has in the dump, and all of them together.
  private var treeBytes: [UInt32: Int64] = [:]
  private var totalBytes: Int64 = 0
  /// The barrier that all rows are in; nil before there is one.
  private var allRows: Int?
  /// The trees whose rows have to keep their order.
  private var unsplit: Set<UInt32> = []
  /// How many blocks of rows go to each table.
  private var blocks: [UInt32: Int] = [:]

  init(_ layout: LoadLayout, _ catalog: TableCatalog, sizes: Sizes) {
    self.layout = layout
    self.catalog = catalog
    self.sizes = sizes
    survey()
    addRows()
    addIndexes()
    addForeignKeys()
  }

  private func facts(_ name: SQLName, _ position: LoadPosition) -> TableFacts? {
    catalog.facts(name, position.session)
  }

  /// Adds up what is asked about tables before tasks are made.
  private mutating func survey() {
    for entry in layout.data {
      guard let table = entry.table.flatMap({ facts($0, entry.position) }) else { continue }
      let byteCount = entry.endOffset - entry.position.reader.offset
      treeBytes[table.root, default: 0] += byteCount
      totalBytes += byteCount
      for target in catalog.targets(of: table) { blocks[target, default: 0] += 1 }
      if catalog.asksFunctions(table) { unsplit.insert(table.root) }
    }
    for statement in layout.later {
      guard let table = statement.kind.table.flatMap({ facts($0, statement.position) }) else { continue }
      switch statement.kind {
      // Such an index tells blocks apart by what stands in them, and so does an order on disk.
      case .index(let index) where index.method == "brin": unsplit.insert(table.root)
      case .clusterOn: unsplit.insert(table.root)
      case .index, .key, .constraint, .foreignKey, .session, .other: break
      }
    }
  }
}

// MARK: Rows

extension TaskGraph {
  private mutating func add(_ task: LoadTask) -> Int {
    build.append(task)
    return build.count - 1
  }

  private mutating func addRows() {
    var rows: [Int] = []
    var objects: [Int] = []
    var chain: [UInt32: Int] = [:]
    var small = SmallParts()
    var setvals: [LoadLayout.DataEntry] = []
    for entry in layout.data {
      switch entry.kind {
      case .session: continue
      case .setval:
        setvals.append(entry)
        continue
      case .copy, .inserts, .largeObjects: break
      }
      let table = entry.table.flatMap { facts($0, entry.position) }
      let asks = table.map(catalog.asksFunctions) ?? false
      let isSmall = table.map { (treeBytes[$0.root] ?? 0) < sizes.smallBytes } ?? false && !asks
      if isSmall, let table {
        if small.isFull(sizes) { rows.append(close(&small)) }
        small.add(entry, table, locking: catalog.targets(of: table))
        continue
      }
      if !small.isEmpty { rows.append(close(&small)) }
      var added: [Int] = []
      switch entry.kind {
      case .copy(let block):
        guard let table else { continue }
        added = addCopy(block, entry, table, needs: asks ? rows : [])
      case .inserts:
        guard let table else { continue }
        let needs = asks ? rows : chain[table.oid].map { [$0] } ?? []
        added = [addPart(entry, table, needs: needs)]
        chain[table.oid] = added[0]
      case .largeObjects(.data): added = [addPart(entry, nil, needs: objects.suffix(1))]
      case .largeObjects:
        // They are made before all others, and then changed, in their order.
        objects.append(addPart(entry, nil, needs: objects.suffix(1)))
      case .setval, .session: break
      }
      rows += added
      if let table { fillers[table.root, default: []] += added }
    }
    if !small.isEmpty { rows.append(close(&small)) }
    let barrier = add(
      LoadTask(
        work: .barrier, offset: layout.after.reader.offset, line: layout.after.reader.line, title: "", byteCount: 0,
        needs: rows + objects))
    allRows = barrier
    // Rows may draw from a sequence, and where it stands in the end is what the dump says.
    addSetvals(setvals, needs: [barrier])
  }

  /// Those that stand together are one task.
  private mutating func addSetvals(_ entries: [LoadLayout.DataEntry], needs: [Int]) {
    var first = 0
    for index in entries.indices {
      let isLast = index + 1 == entries.count
      guard isLast || entries[index + 1].position.reader.offset != entries[index].endOffset else { continue }
      var run = entries[first]
      run.endOffset = entries[index].endOffset
      _ = addPart(run, nil, needs: needs)
      first = index + 1
    }
  }

  /// Statements that stand together, as one task.
  private mutating func addPart(_ entry: LoadLayout.DataEntry, _ table: TableFacts?, needs: [Int]) -> Int {
    let offset = entry.position.reader.offset
    return add(
      LoadTask(
        work: .part(entry.position, endOffset: entry.endOffset, passedOver: []), offset: offset,
        line: entry.position.reader.line, title: entry.title, byteCount: entry.endOffset - offset,
        table: table?.root ?? 0, locks: table.map { locks($0, .rowExclusive) } ?? [], needs: needs))
  }

  private func locks(_ table: TableFacts, _ mode: LockMode) -> [TableLock] {
    catalog.targets(of: table).map { TableLock(table: $0, mode: mode) }
  }

  private mutating func addCopy(
    _ block: DumpCopyBlock, _ entry: LoadLayout.DataEntry, _ table: TableFacts, needs: [Int]
  ) -> [Int] {
    let isWhole = block.dataBytes <= sizes.wholeBytes && block.dataBytes <= totalBytes / 4
    let keepsOrder = unsplit.contains(table.root)
    let canFreeze = isWhole && table.kind == "r" && blocks[table.oid] == 1 && block.copy.format == .text
    var tasks: [Int] = []
    for part in block.parts(of: isWhole ? Int64.max : sizes.partBytes) {
      var reader = entry.position.reader
      (reader.offset, reader.line) = (part.offset, part.line)
      var copy = block.copy
      copy.rowsBefore = part.rowsBefore
      reader.place = .copyData(copy, .row)
      let rows = LoadRows(
        copy: block.copy, reader: reader, session: entry.position.session, byteCount: part.byteCount, rows: part.rows,
        isWhole: canFreeze)
      tasks.append(
        add(
          LoadTask(
            work: .rows(rows), offset: part.offset, line: part.line, title: entry.title, byteCount: part.byteCount,
            table: table.root, locks: locks(table, canFreeze ? .accessExclusive : .rowExclusive),
            needs: keepsOrder ? needs + tasks.suffix(1) : needs)))
    }
    return tasks
  }

  /// Small data that stands together.
  private struct SmallParts {
    private(set) var first: LoadLayout.DataEntry?
    private(set) var endOffset: Int64 = 0
    private(set) var count = 0
    private(set) var roots: Set<UInt32> = []
    private(set) var tables: Set<UInt32> = []

    var isEmpty: Bool { first == nil }

    mutating func add(_ entry: LoadLayout.DataEntry, _ table: TableFacts, locking targets: [UInt32]) {
      first = first ?? entry
      endOffset = entry.endOffset
      count += 1
      roots.insert(table.root)
      tables.formUnion(targets)
    }

    func isFull(_ sizes: Sizes) -> Bool {
      guard let first else { return false }
      return count >= sizes.smallCount || endOffset - first.position.reader.offset >= sizes.partBytes / 4
    }
  }

  private mutating func close(_ small: inout SmallParts) -> Int {
    defer { small = SmallParts() }
    guard let first = small.first else { preconditionFailure("no small data to close") }
    let offset = first.position.reader.offset
    let title = small.count == 1 ? first.title : "\(first.title) and \(small.count - 1) more"
    let index = add(
      LoadTask(
        work: .part(first.position, endOffset: small.endOffset, passedOver: []), offset: offset,
        line: first.position.reader.line, title: title, byteCount: small.endOffset - offset,
        locks: small.tables.map { TableLock(table: $0, mode: .rowExclusive) }))
    for root in small.roots { fillers[root, default: []].append(index) }
    return index
  }
}

extension DumpCopyBlock {
  /// The data in parts of about a size, each of whole chunks.
  fileprivate func parts(of byteCount: Int64) -> [Chunk] {
    var parts: [Chunk] = []
    for chunk in chunks {
      if let last = parts.last, last.byteCount < byteCount {
        parts[parts.count - 1].byteCount += chunk.byteCount
        parts[parts.count - 1].rows += chunk.rows
      } else {
        parts.append(chunk)
      }
    }
    return parts
  }
}

extension LoadLayout.DataEntry {
  var table: SQLName? {
    switch kind {
    case .copy(let block): block.copy.table
    case .inserts(let run): run.table
    case .largeObjects, .setval, .session: nil
    }
  }

  fileprivate var title: String {
    switch kind {
    case .copy(let block): "COPY \(block.copy.table)"
    case .inserts(let run): "INSERT INTO \(run.table)"
    case .largeObjects: "large objects"
    case .setval: "sequences"
    case .session: "SET"
    }
  }
}

// MARK: Indexes and constraints

extension TaskGraph {
  private mutating func addIndexes() {
    var small = SmallStatements()
    for statement in layout.later where statement.mayComeEarly {
      guard let table = statement.kind.table.flatMap({ facts($0, statement.position) }), table.kind == "r",
        let text = statement.text
      else { continue }
      let isSmall = (treeBytes[table.root] ?? 0) < sizes.smallBytes
      switch statement.kind {
      case .index(let index) where isSmall && index.isPlain: small.add(statement, table, .share)
      case .key where isSmall: small.add(statement, table, .accessExclusive)
      case .index(let index):
        addStatement(
          statement, table, text, .share, title: "CREATE INDEX \(index.name)", needsAllRows: !index.isPlain)
        edits[statement.position.reader.offset] = .passOver
      case .key(let key):
        addStatement(
          statement, table, key.createIndex, .share, title: "CREATE INDEX \(key.name.name)", needsAllRows: false)
        edits[statement.position.reader.offset] = .replace(key.addConstraint)
      case .constraint where !isSmall:
        addStatement(
          statement, table, text, .accessExclusive, title: "ADD CONSTRAINT on \(table.oid)", needsAllRows: true)
        edits[statement.position.reader.offset] = .passOver
      case .constraint, .foreignKey, .clusterOn, .session, .other: break
      }
      if small.members.count == sizes.smallCount { close(&small) }
    }
    if !small.members.isEmpty { close(&small) }
  }

  private mutating func addStatement(
    _ statement: LoadLayout.LaterStatement, _ table: TableFacts, _ text: SQLText, _ mode: LockMode, title: String,
    needsAllRows: Bool
  ) {
    let needs = needsAllRows ? allRows.map { [$0] } ?? [] : fillers[table.root] ?? []
    _ = add(
      LoadTask(
        work: .statement(text, statement.position.session), offset: statement.position.reader.offset,
        line: statement.position.reader.line, title: title, byteCount: treeBytes[table.root] ?? 0, table: table.root,
        locks: [TableLock(table: table.oid, mode: mode)], needs: needs))
  }

  /// Statements about small tables, which share transactions.
  private struct SmallStatements {
    var members: [LoadLayout.LaterStatement] = []
    var locks: Set<TableLock> = []
    var roots: Set<UInt32> = []

    mutating func add(_ statement: LoadLayout.LaterStatement, _ table: TableFacts, _ mode: LockMode) {
      members.append(statement)
      locks.insert(TableLock(table: table.oid, mode: mode))
      roots.insert(table.root)
    }
  }

  /// They run as they are written, and what stands between them is passed over, but for changes of the session.
  private mutating func close(_ small: inout SmallStatements) {
    defer { small = SmallStatements() }
    guard let first = small.members.first, let last = small.members.last else { return }
    let offsets = Set(small.members.map(\.position.reader.offset))
    let range = first.position.reader.offset..<last.endOffset
    var passedOver: Set<Int64> = []
    for other in layout.later where range.contains(other.position.reader.offset) && other.kind != .session {
      if !offsets.contains(other.position.reader.offset) { passedOver.insert(other.position.reader.offset) }
    }
    var needs: Set<Int> = []
    for root in small.roots { needs.formUnion(fillers[root] ?? []) }
    _ = add(
      LoadTask(
        work: .part(first.position, endOffset: last.endOffset, passedOver: passedOver), offset: range.lowerBound,
        line: first.position.reader.line, title: "indexes of \(small.roots.count) small tables",
        byteCount: last.endOffset - range.lowerBound, locks: Array(small.locks), needs: needs.sorted()))
    for offset in offsets { edits[offset] = .passOver }
  }

  /// Those of partitioned tables, and of their partitions, are left as they are: the server joins them by their state.
  private mutating func addForeignKeys() {
    for statement in layout.later {
      guard case .foreignKey(let key) = statement.kind, let table = facts(key.table, statement.position),
        table.kind == "r", !table.isPartition
      else { continue }
      let offset = statement.position.reader.offset
      edits[offset] = .replace(key.addNotValid)
      validations.append(
        LoadTask(
          work: .statement(key.validate, statement.position.session), offset: offset,
          line: statement.position.reader.line, title: "VALIDATE CONSTRAINT \(key.name)",
          byteCount: treeBytes[table.root] ?? 0, table: table.root,
          locks: [TableLock(table: table.oid, mode: .shareUpdateExclusive)]))
    }
  }
}
