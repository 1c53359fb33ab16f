/// What a statement of a dump is about, so that it goes or stays with that; told from its words alone.
enum StatementSubject: Sendable, Hashable {
  /// Changes the session or a transaction: always needed.
  case session
  /// Makes the object, or makes it anew; perhaps as a part of a relation, or as a partition of a table.
  case definition(DumpObjectKey, DumpObject.Kind, of: DumpObjectKey?)
  /// Belongs to all of these: owner, comment, rights, default, ATTACH.
  case part([DumpObjectKey])
  /// Makes an object that belongs to a relation: an identity column's sequence.
  case identity(sequence: DumpObjectKey, of: DumpObjectKey)
  /// `ALTER SEQUENCE ... OWNED BY`.
  case ownership(of: DumpObjectKey, by: DumpObjectKey)
  /// Makes a table a partition.
  case partition(DumpObjectKey, of: DumpObjectKey)
  /// Drops something.
  case removal(DumpObjectKey?)
  case rows(DumpObjectKey)
  /// Is about a database as a whole.
  case database(String)
  /// Of a publication, an event trigger or a subscription.
  case outside(DumpObject.Kind, SQLName)
  /// Anything else: it depends on what it mentions.
  case other
}

extension StatementSubject {
  /// - Parameters:
  ///   - statement: what ``DumpStatement`` makes of it.
  ///   - bytes: the whole statement.
  init(_ statement: DumpStatement, _ bytes: Span<UInt8>, syntax: SQLSyntax) {
    let cursor = SQLCursor(bytes, syntax: syntax, headBytes: bytes.count)
    switch statement.kind {
    case .empty, .setting, .setRole, .setSessionAuthorization, .begin, .commit, .rollback, .defaultPrivileges:
      self = .session
    case .copyFromStdin(let copy): self = .rows(.relation(copy.table))
    case .insert(let table): self = .rows(.relation(table))
    case .setval(let sequence): self = .part([.relation(sequence)])
    case .refreshMaterializedView(let view): self = .part([.relation(view)])
    case .create(let object), .createIndex(let object, _): self = Self.creation(object, cursor)
    case .alterOwner(let kind, let name, _), .alter(let kind, let name):
      self = Self.isOutside(kind) ? .outside(kind, name) : cursor.alteration(kind, name)
    case .drop(let kind, let name):
      self = Self.isOutside(kind) ? .outside(kind, name) : .removal(cursor.droppedKey(kind, name))
    case .comment(let kind, let name):
      self = Self.isOutside(kind) ? .outside(kind, name) : .part(cursor.commentedKey(kind, name).map { [$0] } ?? [])
    case .privileges: self = cursor.grantedKeys().map { .part($0) } ?? .other
    case .database(_, let name): self = .database(name)
    case .copyToStdout, .copyServer, .largeObject, .analyze, .vacuum, .role, .tablespace, .alterSystem, .parameter,
      .doBlock, .load, .other:
      self = cursor.restoredStatistics().map { .part([$0]) } ?? .other
    }
  }

  private static func isOutside(_ kind: DumpObject.Kind) -> Bool {
    kind == .publication || kind == .eventTrigger || kind == .subscription
  }

  private static func creation(_ object: DumpObject, _ cursor: SQLCursor) -> StatementSubject {
    if isOutside(object.kind) { return .outside(object.kind, object.name) }
    let kind = DumpObjectKey.Kind(object.kind)
    let owner = object.table.map { DumpObjectKey.relation($0) }
    var key = DumpObjectKey(kind, object.name)
    switch kind {
    case .constraint, .trigger, .rule, .policy: key.table = object.table
    case .routine: key.signature = cursor.firstSignature()
    case .statistics: return .definition(key, object.kind, of: cursor.statisticsTable())
    case .relation where object.kind == .table: return .definition(key, object.kind, of: cursor.partitionedTable())
    case .relation, .type, .index, .other: break
    }
    return .definition(key, object.kind, of: owner)
  }
}

// MARK: What the parser of statements does not keep

extension SQLCursor {
  /// The arguments of a routine, without their defaults: in the first parentheses.
  fileprivate func firstSignature() -> String? {
    var cursor = self
    while !cursor.isAtEnd, !cursor.isAt("(") { cursor.advance() }
    return cursor.signature()
  }

  /// `CREATE TABLE name PARTITION OF table`.
  fileprivate func partitionedTable() -> DumpObjectKey? {
    var cursor = self
    while !cursor.isAtEnd, !cursor.isAt("table") { cursor.advance() }
    cursor.advance()
    _ = cursor.take("if", "not", "exists")
    guard cursor.qualifiedName() != nil, cursor.take("partition", "of") else { return nil }
    return cursor.qualifiedName().map { .relation($0) }
  }

  /// The table of CREATE STATISTICS.
  fileprivate func statisticsTable() -> DumpObjectKey? {
    var cursor = self
    guard cursor.skip(to: "from"), cursor.take("from") else { return nil }
    return cursor.qualifiedName().map { .relation($0) }
  }

  /// The arguments in the parentheses here, token by token, each without its default.
  fileprivate mutating func signature() -> String? {
    guard isAt("(") else { return nil }
    var words: [String] = []
    var (depth, isDefault) = (0, false)
    repeat {
      if isAt("(") { depth += 1 } else if isAt(")") { depth -= 1 }
      if depth == 1, isAt(",") { isDefault = false }
      if depth == 1, isAt("default") || isAt("=") { isDefault = true }
      if !isDefault || depth == 0 { words.append(text(of: token.start..<token.end)) }
      advance()
    } while depth > 0 && token.kind != .end && token.kind != .incomplete
    return words.joined(separator: " ")
  }

  fileprivate func alteration(_ kind: DumpObject.Kind, _ name: SQLName) -> StatementSubject {
    let key = DumpObjectKey(DumpObjectKey.Kind(kind), name)
    switch key.kind {
    case .routine: return .part([DumpObjectKey(.routine, name, signature: firstSignature())])
    case .trigger, .rule, .policy, .constraint: return .part(onTable(key.kind).map { [$0] } ?? [])
    case .relation: break
    case .type, .index, .statistics, .other: return .part([key])
    }
    var cursor = self
    // ALTER [FOREIGN] TABLE, VIEW, ...; then the name.
    _ = cursor.take("alter")
    while !cursor.isAtEnd, !cursor.isAt("table"), !cursor.isAt("view"), !cursor.isAt("sequence") { cursor.advance() }
    cursor.advance()
    _ = cursor.take("if", "exists")
    _ = cursor.take("only")
    guard cursor.qualifiedName() != nil else { return .part([key]) }
    _ = cursor.take("*")
    return cursor.change(of: key)
  }

  /// What ALTER does with a relation; the cursor is behind the name.
  private mutating func change(of key: DumpObjectKey) -> StatementSubject {
    let schema = key.name.schema
    func own(_ kind: DumpObjectKey.Kind, _ name: String?) -> StatementSubject {
      guard let name else { return .part([key]) }
      let isIndex = kind == .index
      return .part([
        key, DumpObjectKey(kind, SQLName(schema: schema, name), table: isIndex ? nil : key.name),
      ])
    }
    if take("attach", "partition") {
      return qualifiedName().map { .partition(.relation($0), of: key) } ?? .part([key])
    }
    if take("owned", "by") {
      var parts: [String] = []
      repeat { if let part = identifier() { parts.append(part) } } while take(".")
      guard parts.count > 1 else { return .part([key]) }
      let table = SQLName(schema: parts.count > 2 ? parts[parts.count - 3] : nil, parts[parts.count - 2])
      return .ownership(of: key, by: .relation(table))
    }
    if take("cluster", "on") || take("replica", "identity", "using", "index") { return own(.index, identifier()) }
    if take("validate", "constraint") || take("alter", "constraint") { return own(.constraint, identifier()) }
    if take("enable") || take("disable") {
      _ = take("always") || take("replica")
      if take("trigger"), !isAt("all"), !isAt("user") { return own(.trigger, identifier()) }
      if take("rule") { return own(.rule, identifier()) }
      return .part([key])
    }
    if take("alter") {
      _ = take("column")
      if identifier() != nil, take("add", "generated"), skip(to: "identity"), take("identity"), take("("),
        take("sequence", "name"), let sequence = qualifiedName()
      {
        return .identity(sequence: .relation(sequence), of: key)
      }
    }
    return .part([key])
  }

  /// `name ON table`, behind the kind of what is altered, dropped or commented on.
  fileprivate func onTable(_ kind: DumpObjectKey.Kind) -> DumpObjectKey? {
    var cursor = self
    let words: StaticString =
      switch kind {
      case .trigger: "trigger"
      case .rule: "rule"
      case .policy: "policy"
      default: "constraint"
      }
    guard cursor.skip(to: words) else { return nil }
    cursor.advance()
    _ = cursor.take("if", "exists")
    guard let name = cursor.identifier(), cursor.take("on") else { return nil }
    if cursor.take("domain") { return cursor.qualifiedName().map { DumpObjectKey(.type, $0) } }
    guard let table = cursor.qualifiedName() else { return nil }
    return DumpObjectKey(kind, SQLName(schema: table.schema, name), table: table)
  }

  fileprivate func droppedKey(_ kind: DumpObject.Kind, _ name: SQLName) -> DumpObjectKey? {
    let key = DumpObjectKey(DumpObjectKey.Kind(kind), name)
    switch key.kind {
    case .routine: return DumpObjectKey(.routine, name, signature: firstSignature())
    case .trigger, .rule, .policy, .constraint: return onTable(key.kind)
    case .relation, .type, .index, .statistics, .other: return key
    }
  }

  fileprivate func commentedKey(_ kind: DumpObject.Kind, _ name: SQLName) -> DumpObjectKey? {
    // COMMENT ON CONSTRAINT c ON t: the first ON is not the one that is looked for, the word behind it is.
    droppedKey(kind, name)
  }

  /// What rights are given on; nil where that is nothing of a database's own, or all of a schema.
  fileprivate func grantedKeys() -> [DumpObjectKey]? {
    var cursor = self
    guard cursor.skip(to: "on") else { return nil }
    cursor.advance()
    let kinds: [(StaticString, DumpObjectKey.Kind)] = [
      ("table", .relation), ("sequence", .relation), ("function", .routine), ("procedure", .routine),
      ("routine", .routine), ("type", .type), ("domain", .type), ("schema", .other(.schema)),
      ("language", .other(.language)),
    ]
    if cursor.isAt("all") || cursor.isAt("large") { return nil }
    var kind = DumpObjectKey.Kind.relation
    if cursor.take("foreign", "server") {
      kind = .other(.server)
    } else if cursor.take("foreign", "data", "wrapper") {
      kind = .other(.foreignDataWrapper)
    } else if let named = kinds.first(where: { cursor.take($0.0) }) {
      kind = named.1
    }
    var keys: [DumpObjectKey] = []
    repeat {
      guard let name = cursor.qualifiedName() else { return nil }
      keys.append(DumpObjectKey(kind, name, signature: cursor.signature()))
    } while cursor.take(",")
    return keys
  }

  /// The relation of `SELECT pg_restore_relation_stats(... 'schemaname', 'public', 'relname', 't', ...)`, as pg_dump
  /// writes since version 18.
  fileprivate func restoredStatistics() -> DumpObjectKey? {
    var cursor = self
    guard cursor.take("select") else { return nil }
    _ = cursor.take("*") && cursor.take("from")
    guard let function = cursor.qualifiedName(),
      ["pg_restore_relation_stats", "pg_restore_attribute_stats"].contains(function.name)
    else { return nil }
    var values: [String: String] = [:]
    while !cursor.isAtEnd {
      guard let key = cursor.literal() else {
        cursor.advance()
        continue
      }
      if cursor.take(","), let value = cursor.literal() { values[key] = values[key] ?? value }
    }
    guard let schema = values["schemaname"], let name = values["relname"] else { return nil }
    return .relation(SQLName(schema: schema, name))
  }
}
