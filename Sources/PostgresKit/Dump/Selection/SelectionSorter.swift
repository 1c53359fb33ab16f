internal import RecoverBase

/// Goes through the entries of a dump once it is decided what is restored, and keeps what belongs to that.
struct SelectionSorter {
  private let decision: SelectionDecision
  private let index: DumpIndex
  private let database: String?
  private var result = SelectedDump()
  /// What was said already.
  private var told: Set<SelectedDump.LeftOut> = []
  private var largeObjectStatements: Int64 = 0

  init(_ decision: SelectionDecision, index: DumpIndex, database: String?) {
    self.decision = decision
    self.index = index
    self.database = database
  }

  private var catalog: SelectionCatalog { decision.catalog }

  consuming func sorted() -> SelectedDump {
    for (number, entry) in index.entries.enumerated() {
      if keeps(entry, number) { result.entries.append(number) }
    }
    if largeObjectStatements > 0 {
      leaveOut("large objects (\(largeObjectStatements) statements)", "they belong to no table")
    }
    return result
  }

  private mutating func leaveOut(_ what: String, _ why: String) {
    let item = SelectedDump.LeftOut(what: what, why: why)
    if told.insert(item).inserted { result.leftOut.append(item) }
  }

  private mutating func keeps(_ entry: DumpEntry, _ number: Int) -> Bool {
    let isInside = SelectionCatalog.isIn(database, entry, of: index)
    switch entry.content {
    // Which database comes next, and what is forbidden there, is said for all.
    case .space, .command: return true
    case .unfinished: return false
    case .largeObjects(let run):
      if isInside { largeObjectStatements += run.statements }
      return false
    case .copy(let block): return isInside && keepsRows(block.copy.table, number, rows: block.rows)
    case .inserts(let run): return isInside && keepsRows(run.table, number, rows: run.rows)
    case .statement:
      if isInside, let subject = catalog.subjects[number] { return keeps(subject, number) }
      // How the database is made stands before the dump connects to it.
      guard let database, case .database(_, let name)? = index.statement(of: entry)?.kind else { return false }
      return name.utf8.elementsEqual(database.utf8)
    }
  }

  private mutating func keepsRows(_ table: SQLName, _ number: Int, rows: Int64) -> Bool {
    guard let node = rowsNode(table, number) else { return false }
    switch decision.fates[node] {
    case .kept:
      note(number, of: node)
      return true
    case .definition:
      leaveOut(
        "the rows of \(catalog.nodes[node].key.name)", "only its definition is needed by what is restored")
      return false
    case .notSelected, .leftOut: return false
    }
  }

  /// The node of a COPY or a run of INSERTs: names without a schema were resolved in the dump's order.
  private func rowsNode(_ table: SQLName, _ number: Int) -> Int? {
    if let node = catalog.rowNodes[number] { return node }
    return catalog.node(.relation(table))
  }

  private mutating func note(_ number: Int, of node: Int) {
    let top = catalog.nodes[node].owner ?? node
    guard catalog.nodes[top].key.kind == .relation else { return }
    result.entriesByRelation[catalog.nodes[top].key.name, default: []].append(number)
  }
}

// MARK: Statements

extension SelectionSorter {
  private mutating func keeps(_ subject: StatementSubject, _ number: Int) -> Bool {
    switch subject {
    case .session: return true
    case .database(let name): return database.map { name.utf8.elementsEqual($0.utf8) } ?? true
    case .definition(let key, _, _): return keepsDefinition(catalog.node(key), number)
    case .part(let keys): return keepsPart(of: keys, number)
    case .identity(_, let table): return keepsPart(of: [table], number)
    case .ownership(let sequence, let table): return keepsOwnership(of: sequence, by: table, number)
    case .partition(let child, let parent): return keepsPartition(child, of: parent, number)
    case .removal(let key): return key.flatMap(catalog.node).map { decision.fates[$0].isKept } ?? true
    case .rows(let key): return keepsRows(key.name, number, rows: 0) && keepsIfPossible(number)
    case .outside(let kind, let name):
      let words = kind.rawValue.replacing("-", with: " ")
      leaveOut("\(words) \(name)", "it is about a whole database")
      return false
    case .other: return keepsIfPossible(number)
    }
  }

  private mutating func keepsDefinition(_ node: Int?, _ number: Int) -> Bool {
    guard let node else { return true }
    switch decision.fates[node] {
    case .kept, .definition:
      note(number, of: node)
      return true
    case .notSelected: return false
    case .leftOut(let why):
      leaveOut(decision.describe(node), why)
      return false
    }
  }

  private mutating func keepsPart(of keys: [DumpObjectKey], _ number: Int) -> Bool {
    let nodes = keys.compactMap(catalog.node)
    guard !keys.contains(where: isOfLostParent) else { return false }
    if nodes.isEmpty, let key = keys.first, case .relation = key.kind, !keepsUnknown(key) { return false }
    guard nodes.allSatisfy({ decision.fates[$0].isKept }), keepsIfPossible(number) else { return false }
    if let first = nodes.first { note(number, of: first) }
    return true
  }

  /// Whether a partition has a trigger or constraint only from its partitioned table, and that is not restored.
  private func isOfLostParent(_ key: DumpObjectKey) -> Bool {
    guard let table = key.table, catalog.node(key) == nil else { return false }
    var above = catalog.node(.relation(table)).flatMap { catalog.nodes[$0].parent }
    while let parent = above {
      let name = catalog.nodes[parent].key.name
      let inherited = DumpObjectKey(key.kind, SQLName(schema: name.schema, key.name.name), table: name)
      if let node = catalog.node(inherited) { return !decision.fates[node].isKept }
      above = catalog.nodes[parent].parent
    }
    return false
  }

  /// The sequence of a column that was made as `serial` or as an identity without naming it stands nowhere: its name
  /// begins with its table's (PostgreSQL, "Serial Types").
  private func keepsUnknown(_ key: DumpObjectKey) -> Bool {
    guard key.name.name.hasSuffix("_seq") else { return true }
    return decision.relations.contains {
      $0.kind == .table && $0.name.schema == key.name.schema && key.name.name.hasPrefix($0.name.name + "_")
    }
  }

  private mutating func keepsIfPossible(_ number: Int) -> Bool {
    guard let why = decision.obstacle(in: number) else { return true }
    leaveOut(title(number), why)
    return false
  }

  private mutating func keepsOwnership(of sequence: DumpObjectKey, by table: DumpObjectKey, _ number: Int) -> Bool {
    guard let owned = catalog.node(sequence), decision.fates[owned].isKept else { return false }
    guard let owner = catalog.node(table), decision.fates[owner].isKept else {
      leaveOut("the owner of sequence \(sequence.name)", "table \(table.name) is not restored")
      return false
    }
    note(number, of: owner)
    return true
  }

  private mutating func keepsPartition(_ child: DumpObjectKey, of parent: DumpObjectKey, _ number: Int) -> Bool {
    let isChildKept = catalog.node(child).map { decision.fates[$0].isKept } ?? true
    let isParentKept = catalog.node(parent).map { decision.fates[$0].isKept } ?? true
    if isChildKept, !isParentKept {
      leaveOut(
        "the place of \(child.name) as a partition",
        "\(parent.name) is not restored: it becomes a table of its own, without what only \(parent.name) defines")
    } else if !isChildKept, isParentKept {
      leaveOut("partition \(child.name) of \(parent.name)", "it is excluded")
    }
    guard isChildKept, isParentKept else { return false }
    if let node = catalog.node(parent) { note(number, of: node) }
    return true
  }

  /// The first words of a statement, for people.
  private func title(_ number: Int) -> String {
    let entry = index.entries[number]
    guard case .statement(_, let text?) = entry.content else { return "the statement in line \(entry.line)" }
    let title = LoadStatement.title(of: text.bytes.span, syntax: index.states[entry.state].syntax)
    return "line \(entry.line): \(title)"
  }
}
