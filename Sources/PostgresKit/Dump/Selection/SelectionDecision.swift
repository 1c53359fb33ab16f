internal import RecoverBase

/// Which objects of a dump are restored, by what was asked for and by what needs what.
///
/// - A relation is restored where it matches; a partitioned table with its partitions, a table with the sequences that
///   its columns own.
/// - What the definition of a restored table mentions is needed: of another table the definition alone.
/// - Everything that is no relation is restored, and so are sequences that belong to no table: both are cheap.
/// - Whatever else mentions something that is not restored is left out, and what mentions that.
struct SelectionDecision {
  let selection: DumpSelection
  let catalog: SelectionCatalog
  private(set) var fates: [Fate]

  enum Fate: Sendable, Hashable {
    case kept
    /// Of a relation: without its rows.
    case definition
    /// Nobody asked for it, or for what it belongs to.
    case notSelected
    /// It mentions what is not restored.
    case leftOut(why: String)

    var isKept: Bool { self == .kept || self == .definition }
  }

  init(_ selection: DumpSelection, _ catalog: SelectionCatalog) {
    self.selection = selection
    self.catalog = catalog
    fates = catalog.nodes.map { $0.key.kind == .relation ? .notSelected : .kept }
  }

  private var relationNumbers: [Int] { catalog.nodes.indices.filter { catalog.nodes[$0].key.kind == .relation } }

  /// What patterns can match: not what only rights or comments speak of.
  var candidates: [SQLName] {
    relationNumbers.map { catalog.nodes[$0] }.filter { $0.kind != nil || $0.rows > 0 }.map(\.key.name)
  }

  mutating func decide() {
    chooseRelations()
    leaveOutServers()
    leaveOutOwnSchemas()
    while leaveOutOnce() {}
  }
}

// MARK: Relations

extension SelectionDecision {
  private mutating func chooseRelations() {
    var partitions: [Int: [Int]] = [:]
    var sequences: [Int: [Int]] = [:]
    for (number, node) in catalog.nodes.enumerated() where node.key.kind == .relation {
      if let parent = node.parent { partitions[parent, default: []].append(number) }
      if let owner = node.owner { sequences[owner, default: []].append(number) }
    }
    let partsByTable = partsByRelation()
    var work: [Int] = []
    for number in relationNumbers where isAskedFor(number) { choose(number, .kept, &work) }
    var needed: Set<Int> = []
    while let number = work.popLast() {
      if fates[number] == .kept {
        for part in partitions[number] ?? [] where !isExcluded(part) { choose(part, .kept, &work) }
      }
      for sequence in sequences[number] ?? [] { choose(sequence, .kept, &work) }
      require(from: number, parts: partsByTable[number] ?? [], &needed, &work)
    }
  }

  /// Whether a pattern asks for a relation, or nothing speaks against it.
  private func isAskedFor(_ number: Int) -> Bool {
    let node = catalog.nodes[number]
    let name = node.key.name
    if node.kind == nil, node.rows == 0 { return false }
    guard node.kind == .sequence else { return selection.includes(name) }
    // A sequence goes with its table; one that belongs to none is cheap, and functions may draw from it.
    return node.owner == nil ? !isExcluded(number) : selection.names(name) && selection.includes(name)
  }

  private func isExcluded(_ number: Int) -> Bool {
    selection.excludedTables.contains { $0.matchesAnywhere(catalog.nodes[number].key.name) }
  }

  private mutating func choose(_ number: Int, _ fate: Fate, _ work: inout [Int]) {
    guard fates[number] != .kept, fates[number] != fate else { return }
    fates[number] = fate
    work.append(number)
  }

  /// The statements that belong to each relation, where they may say what it needs: the defaults of columns.
  private func partsByRelation() -> [Int: [Int]] {
    var parts: [Int: [Int]] = [:]
    for (entry, subject) in catalog.subjects {
      guard case .part(let keys) = subject, let first = keys.first, first.kind == .relation,
        let number = catalog.node(first)
      else { continue }
      parts[number, default: []].append(entry)
    }
    return parts
  }

  /// Chooses what a relation needs to be made at all.
  private mutating func require(from number: Int, parts: [Int], _ needed: inout Set<Int>, _ work: inout [Int]) {
    // A view may be left out where it needs more than there is.
    let isView = [.view, .materializedView].contains(catalog.nodes[number].kind)
    var found = isView && fates[number] == .kept ? [] : targets(of: catalog.nodes[number].definitions)
    found += targets(of: parts).filter { catalog.nodes[$0].kind == .sequence }
    while let target = found.popLast() {
      guard needed.insert(target).inserted else { continue }
      let node = catalog.nodes[target]
      if node.key.kind == .relation {
        if fates[target] == .notSelected { choose(target, node.kind == .sequence ? .kept : .definition, &work) }
      } else {
        found += targets(of: node.definitions)
        if let owner = node.owner { found.append(owner) }
      }
    }
  }

  private func targets(of entries: [Int]) -> [Int] {
    entries.flatMap { catalog.mentions[$0] ?? [] }.flatMap { catalog.groups[$0] }
  }
}

// MARK: What is left out

extension SelectionDecision {
  /// Foreign servers and the passwords of their users are restored for foreign tables alone.
  private mutating func leaveOutServers() {
    let hasForeignTables = catalog.nodes.indices.contains {
      catalog.nodes[$0].kind == .foreignTable && fates[$0].isKept
    }
    guard !hasForeignTables else { return }
    for (number, node) in catalog.nodes.enumerated() {
      switch node.key.kind {
      case .other(.server), .other(.userMapping), .other(.foreignDataWrapper): fates[number] = .notSelected
      default: break
      }
    }
  }

  /// The schemas that recover made come with tables in them that were named, or not at all.
  private mutating func leaveOutOwnSchemas() {
    let used = Set(relationNumbers.filter { fates[$0].isKept }.compactMap { catalog.nodes[$0].key.name.schema })
    for (number, node) in catalog.nodes.enumerated() where node.kind == .schema {
      if KeptSchema.isName(node.key.name.name), !used.contains(node.key.name.name) { fates[number] = .notSelected }
    }
  }

  /// - Returns: whether anything changed, so that more may have to be left out.
  private mutating func leaveOutOnce() -> Bool {
    var hasChanged = false
    for (number, node) in catalog.nodes.enumerated() where fates[number].isKept {
      if let owner = node.owner, node.key.kind != .relation, !fates[owner].isKept {
        fates[number] = .notSelected
        hasChanged = true
        continue
      }
      // What a chosen table needs was chosen with it.
      if node.key.kind == .relation, node.kind != .view, node.kind != .materializedView { continue }
      for entry in node.definitions {
        guard let why = obstacle(for: number, in: entry) else { continue }
        fates[number] = .leftOut(why: why)
        hasChanged = true
        break
      }
    }
    return hasChanged
  }

  /// Why a statement can't be run, as far as its mentions tell; nil where it can.
  ///
  /// - Parameter node: what the statement makes, if it makes something.
  func obstacle(for node: Int? = nil, in entry: Int) -> String? {
    for group in catalog.mentions[entry] ?? [] {
      let meant = catalog.groups[group]
      if !meant.isEmpty, meant.allSatisfy({ !fates[$0].isKept }), let first = meant.first {
        return "it needs \(describe(first)), which is not restored"
      }
      // Rows that would refer to them, or be computed from them.
      guard let node, [.foreignKey, .materializedView].contains(catalog.nodes[node].kind) else { continue }
      if let target = meant.first(where: { fates[$0] == .definition && $0 != catalog.nodes[node].owner }) {
        return "the rows of \(catalog.nodes[target].key.name) are not restored"
      }
    }
    return nil
  }

  /// `public.orders`, `function public.f`, `foreign-key f of public.orders`.
  func describe(_ number: Int) -> String {
    let node = catalog.nodes[number]
    guard node.key.kind != .relation, let kind = node.kind else { return node.key.name.description }
    let words = kind.rawValue.replacing("-", with: " ")
    if let owner = node.owner { return "\(words) \(SQLName(node.key.name.name)) of \(catalog.nodes[owner].key.name)" }
    return "\(words) \(node.key.name)"
  }
}

// MARK: The result

extension SelectionDecision {
  /// What is restored, by name.
  var relations: [SelectedDump.Relation] {
    relationNumbers.filter { fates[$0].isKept }.map { number in
      let node = catalog.nodes[number]
      return SelectedDump.Relation(
        name: node.key.name, kind: node.kind, rows: node.rows, bytes: node.bytes,
        isEmptied: fates[number] == .definition, parent: node.parent.map { catalog.nodes[$0].key.name },
        owner: node.owner.map { catalog.nodes[$0].key.name })
    }.sorted { $0.name.description < $1.name.description }
  }

  /// How many relations nobody asked for; sequences that belong to a table are not told apart from it.
  var notSelected: [DumpObject.Kind: Int] {
    var counts: [DumpObject.Kind: Int] = [:]
    for number in relationNumbers where fates[number] == .notSelected {
      let node = catalog.nodes[number]
      guard let kind = node.kind, node.owner == nil else { continue }
      counts[kind, default: 0] += 1
    }
    return counts
  }

  /// Refuses a view that was asked for by its very name, and can't be made.
  ///
  /// - Throws: ``RecoverError`` `usage`.
  func refuseNamedViews() throws {
    for number in relationNumbers {
      guard case .leftOut(let why) = fates[number], selection.names(catalog.nodes[number].key.name) else { continue }
      throw RecoverError(
        .usage, "\(catalog.nodes[number].key.name) can't be restored alone: \(why)",
        hint: "name what it needs with --table too")
    }
  }
}
