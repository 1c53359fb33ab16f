extension TaskGraph {
  /// What makes the order of the rows matter, so that the dump has to be loaded in its own; nil when nothing does.
  ///
  /// Asked once, when the schema is there and no row is.
  static func obstacle(_ layout: LoadLayout, _ catalog: TableCatalog) -> String? {
    if catalog.hasEventTriggers { return "an event trigger stands before the rows" }
    for entry in layout.data {
      guard let name = entry.table else { continue }
      let line = entry.position.reader.line
      guard let table = catalog.facts(name, entry.position.session) else {
        return "line \(line): there is no table \(name)"
      }
      for target in catalog.targets(of: table) {
        guard let facts = catalog.facts[target] else { return "line \(line): a partition of \(name) is not known" }
        if let obstacle = facts.obstacle { return "line \(line): table \(name) \(obstacle)" }
      }
      if let column = entry.drawnColumn(table) {
        return "line \(line): rows of \(name) leave \(column) to a sequence or a function"
      }
    }
    return nil
  }
}

extension TableFacts {
  fileprivate var obstacle: String? {
    if kind != "r" && kind != "p" { return "is no ordinary table" }
    if let trigger { return "has the trigger \(trigger) before its rows" }
    if let foreignKey { return "has the foreign key \(foreignKey) before its rows" }
    return rule.map { "has the rule \($0) before its rows" }
  }
}

extension LoadLayout.DataEntry {
  /// A column that rows may leave to a sequence.
  fileprivate func drawnColumn(_ table: TableFacts) -> String? {
    func first(notIn columns: [String]) -> String? {
      table.drawnColumns.first { name in !columns.contains { $0.utf8.elementsEqual(name.utf8) } }
    }
    switch kind {
    case .copy(let block): return block.copy.columns.flatMap(first)
    // Without names a row may have fewer values than the table has columns.
    case .inserts(let run): return first(notIn: run.columns ?? [])
    case .largeObjects, .setval, .session: return nil
    }
  }
}
