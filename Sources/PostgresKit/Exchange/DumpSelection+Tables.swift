internal import RecoverBase

extension DumpSelection {
  /// The ordinary tables of a dump that are wanted, in the dump's order.
  ///
  /// - Parameters:
  ///   - database: which database of a dump of several.
  ///   - name: what errors call the dump.
  ///   - option: what errors call the option that names tables.
  /// - Throws: ``RecoverError`` `usage` for a pattern that matches no table.
  package func tables(
    in index: DumpIndex, database: String?, dump name: String, option: String = "--table"
  ) throws -> [SQLName] {
    if let refusal = index.refusal {
      throw RecoverError(
        .backupRefused, "single tables can't be picked out of \(name): \(refusal)", hint: "restore it as a whole")
    }
    var tables: [SQLName] = []
    var views: [SQLName: DumpObject.Kind] = [:]
    for entry in index.entries where database == nil || index.states[entry.state].database == database {
      guard case .create(let object)? = index.statement(of: entry)?.kind else { continue }
      switch object.kind {
      case .table: tables.append(object.name)
      case .view, .materializedView, .foreignTable, .sequence: views[object.name] = object.kind
      default: break
      }
    }
    try refuseOthers(views, beside: tables, option: option)
    try check(against: tables, in: name, option: option)
    return tables.filter(includes)
  }

  /// Refuses a pattern that matches no table, and something else.
  private func refuseOthers(
    _ others: [SQLName: DumpObject.Kind], beside tables: [SQLName], option: String
  ) throws {
    for pattern in self.tables where !tables.contains(where: pattern.matches) {
      guard
        let (name, kind) = others.filter({ pattern.matches($0.key) }).min(by: {
          $0.key.description < $1.key.description
        })
      else { continue }
      let fills = kind == .materializedView ? "REFRESH MATERIALIZED VIEW \(name) fills it; " : ""
      throw RecoverError(
        .usage, "\(name) is a \(kind.rawValue) in the backup, and \(option) is for tables of the live database",
        hint: "\(fills)--into NAME restores it to a new database")
    }
  }
}
