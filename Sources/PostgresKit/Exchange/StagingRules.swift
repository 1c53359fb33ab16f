internal import RecoverBase

/// How much of the chosen tables is made beside the live ones.
package enum StagingExtent: Sendable, Hashable {
  /// With their indexes, constraints, triggers, sequences and rights.
  case everything
  /// Their columns alone: what takes their rows.
  case rows
}

/// What a load does with each statement of a dump when only some tables are loaded, beside the live ones.
///
/// Only what makes, fills or describes a chosen table is run, under its new name. Everything else is passed over: the
/// live database has it. Nothing that is run names a live table as what it changes.
package struct StagingRules: Sendable {
  package var names: MovedNames
  /// The chosen tables, as the dump writes them.
  package var tables: Set<SQLName>
  /// The schema that gets the comment which says that the load is finished.
  package var commentedSchema: String
  /// Foreign keys that are made in the exchange: comments on them have to wait as well.
  var laterKeys: Set<LaterKey> = []
  /// Where reading goes on behind the rows of other tables, by the offset of their COPY; those few that are not worth a
  /// jump are read over.
  var jumps: [Int64: DumpReaderState] = [:]
  var extent = StagingExtent.everything

  /// A constraint's name, which is its table's own.
  struct LaterKey: Sendable, Hashable {
    var table: SQLName
    var name: SQLName
  }

  enum Action: Sendable, Hashable {
    /// It changes the session only.
    case asWritten
    case passOver
    case run(SQLText)
    /// A foreign key to a table that is not chosen, or a comment on one: made in the exchange, since made earlier it would
    /// refuse what the live application deletes there.
    case later
  }

  func action(for statement: DumpStatement, _ bytes: Span<UInt8>, syntax: SQLSyntax) -> Action {
    if extent == .rows, !carriesRows(statement.kind, bytes, syntax) { return .passOver }
    switch statement.kind {
    case .empty, .setting, .setRole, .setSessionAuthorization: return .asWritten
    case .insert(let table):
      return tables.contains(table) ? run(bytes, syntax, isFirstOnly: true) : .passOver
    case .create(let object) where object.kind == .foreignKey && isChosen(object.table):
      return Self.referencedTable(bytes, syntax).map { names[$0] != nil } == true ? run(bytes, syntax) : .later
    case .comment(.checkConstraint, let name):
      guard let table = Self.tableOfPart(bytes, syntax), tables.contains(table) else { return .passOver }
      return laterKeys.contains(LaterKey(table: table, name: SQLName(name.name))) ? .later : run(bytes, syntax)
    default: return isAboutChosen(statement.kind, bytes, syntax) ? run(bytes, syntax) : .passOver
    }
  }

  /// What a table needs to take rows, and nothing else.
  private func carriesRows(_ kind: DumpStatement.Kind, _ bytes: Span<UInt8>, _ syntax: SQLSyntax) -> Bool {
    switch kind {
    case .empty, .setting, .setRole, .setSessionAuthorization, .insert: return true
    case .create(let object): return object.kind == .table
    case .alter(.table, _):
      guard let (parent, child) = Self.attachment(bytes, syntax) else { return false }
      return tables.contains(parent) && tables.contains(child)
    default: return false
    }
  }

  /// The COPY into the new table; nil for one that is passed over.
  func staged(_ copy: DumpCopy, syntax: SQLSyntax) -> DumpCopy? {
    guard tables.contains(copy.table) else { return nil }
    var staged = copy
    staged.statement = names.rewriting(copy.statement.bytes.span, syntax: syntax, isFirstOnly: true).text
    staged.table = names.moved(copy.table)
    return staged
  }

  /// A statement in which nothing was replaced would change something live.
  private func run(_ bytes: Span<UInt8>, _ syntax: SQLSyntax, isFirstOnly: Bool = false) -> Action {
    let rewritten = names.rewriting(bytes, syntax: syntax, isFirstOnly: isFirstOnly)
    return rewritten.count > 0 ? .run(rewritten.text) : .passOver
  }

  private func isChosen(_ table: SQLName?) -> Bool { table.map(tables.contains) ?? false }

  private func isAboutChosen(_ kind: DumpStatement.Kind, _ bytes: Span<UInt8>, _ syntax: SQLSyntax) -> Bool {
    switch kind {
    case .create(let object): isAboutChosen(object, bytes, syntax)
    case .createIndex(let index, _): isChosen(index.table)
    case .setval(let sequence): names[sequence] != nil
    case .alter(let kind, let name), .alterOwner(let kind, let name, _):
      switch kind {
      case .table, .sequence, .index, .statistics: names[name] != nil
      default: false
      }
    case .comment(let kind, let name):
      switch kind {
      case .table, .sequence, .index, .statistics: names[name] != nil
      case .checkConstraint, .trigger, .rule, .policy: isChosen(Self.tableOfPart(bytes, syntax))
      default: false
      }
    case .privileges: Self.grantedRelation(bytes, syntax).map { names[$0] != nil } ?? false
    case .copyFromStdin(let copy): tables.contains(copy.table)
    case .empty, .setting, .setRole, .setSessionAuthorization, .begin, .commit, .rollback, .copyToStdout, .copyServer,
      .insert, .largeObject, .refreshMaterializedView, .analyze, .vacuum, .drop, .defaultPrivileges, .database, .role,
      .tablespace, .alterSystem, .parameter, .doBlock, .load, .other:
      false
    }
  }

  private func isAboutChosen(_ object: DumpObject, _ bytes: Span<UInt8>, _ syntax: SQLSyntax) -> Bool {
    switch object.kind {
    case .table: tables.contains(object.name)
    case .sequence: names[object.name] != nil
    case .statistics: isChosen(Self.tableOfStatistics(bytes, syntax))
    case .checkConstraint, .exclusionConstraint, .notNullConstraint, .primaryKey, .uniqueConstraint, .foreignKey,
      .policy, .rule, .trigger:
      isChosen(object.table)
    default: false
    }
  }
}

extension StagingRules {
  /// What has to run behind a statement: it takes from a new table or sequence the rights that the default privileges of
  /// the live database gave it.
  ///
  /// pg_dump restores default privileges behind everything else, so that its dump takes nothing back that they give.
  func afterwards(_ kind: DumpStatement.Kind, _ bytes: Span<UInt8>, syntax: SQLSyntax) -> SQLText? {
    let made: SQLName?
    switch kind {
    case .create(let object) where object.kind == .table || object.kind == .sequence: made = object.name
    case .alter(.table, _): made = Self.identitySequence(bytes, syntax)
    default: made = nil
    }
    guard let made, names[made] != nil else { return nil }
    let name = names.moved(made)
    let quoted = Quoting.identifier(name.schema ?? "", name.name)
    return SQLText(
      Array(
        """
        DO $recover$ DECLARE command pg_catalog.text; BEGIN
          FOR command IN SELECT pg_catalog.format('REVOKE ALL ON %s %s FROM %s',
              CASE WHEN c.relkind = 'S' THEN 'SEQUENCE' ELSE 'TABLE' END, c.oid::pg_catalog.regclass,
              CASE WHEN a.grantee = 0 THEN 'PUBLIC'
                ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END)
            FROM pg_catalog.pg_class AS c, pg_catalog.aclexplode(c.relacl) AS a
            WHERE c.oid = \(Quoting.literal(quoted))::pg_catalog.regclass AND a.grantee <> c.relowner
          LOOP EXECUTE command; END LOOP;
        END $recover$;
        """.utf8))
  }

  /// `ADD GENERATED ... (SEQUENCE NAME s ...)`.
  static func identitySequence(_ bytes: Span<UInt8>, _ syntax: SQLSyntax) -> SQLName? {
    var cursor = SQLCursor(bytes, syntax: syntax)
    while !cursor.isAtEnd {
      if cursor.take("sequence", "name") { return cursor.qualifiedName() }
      cursor.advance()
    }
    return nil
  }
}

/// What a statement's words tell that its parsed form leaves out.
extension StagingRules {
  /// `REFERENCES table`.
  static func referencedTable(_ bytes: Span<UInt8>, _ syntax: SQLSyntax) -> SQLName? {
    name(after: "references", bytes, syntax)
  }

  /// `ALTER TABLE parent ATTACH PARTITION child`.
  static func attachment(_ bytes: Span<UInt8>, _ syntax: SQLSyntax) -> (parent: SQLName, child: SQLName)? {
    var cursor = SQLCursor(bytes, syntax: syntax)
    guard cursor.take("alter", "table") else { return nil }
    _ = cursor.take("only")
    guard let parent = cursor.qualifiedName(), cursor.take("attach", "partition"), let child = cursor.qualifiedName()
    else { return nil }
    return (parent, child)
  }

  /// `CREATE STATISTICS ... FROM table`.
  static func tableOfStatistics(_ bytes: Span<UInt8>, _ syntax: SQLSyntax) -> SQLName? {
    name(after: "from", bytes, syntax)
  }

  /// `COMMENT ON CONSTRAINT name ON table`; nil for one of a domain.
  private static func tableOfPart(_ bytes: Span<UInt8>, _ syntax: SQLSyntax) -> SQLName? {
    var cursor = SQLCursor(bytes, syntax: syntax)
    guard cursor.skip(to: "on") else { return nil }
    cursor.advance()
    guard cursor.skip(to: "on") else { return nil }
    cursor.advance()
    return cursor.isAt("domain") ? nil : cursor.qualifiedName()
  }

  /// `GRANT ... ON TABLE name`; nil for what is no table and no sequence.
  private static func grantedRelation(_ bytes: Span<UInt8>, _ syntax: SQLSyntax) -> SQLName? {
    var cursor = SQLCursor(bytes, syntax: syntax)
    guard cursor.skip(to: "on") else { return nil }
    cursor.advance()
    guard cursor.take("table") || cursor.take("sequence") else { return nil }
    return cursor.qualifiedName()
  }

  private static func name(after word: StaticString, _ bytes: Span<UInt8>, _ syntax: SQLSyntax) -> SQLName? {
    var cursor = SQLCursor(bytes, syntax: syntax)
    guard cursor.skip(to: word) else { return nil }
    cursor.advance()
    _ = cursor.take("only")
    return cursor.qualifiedName()
  }
}
