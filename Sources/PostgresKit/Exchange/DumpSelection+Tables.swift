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
    for entry in index.entries where database == nil || index.states[entry.state].database == database {
      guard case .create(let object)? = index.statement(of: entry)?.kind, object.kind == .table else { continue }
      tables.append(object.name)
    }
    try check(against: tables, in: name, option: option)
    return tables.filter(includes)
  }
}
