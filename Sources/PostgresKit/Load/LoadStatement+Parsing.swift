/// Tells how a statement has to be run from its first words (PostgreSQL, "SQL Commands").
///
/// What is not recognised is `plain`: where the server then says that it can't run in a transaction block, the loader
/// runs it again alone.
extension LoadStatement {
  /// No head that matters is longer.
  private static let headBytes = 4096

  /// - Parameter state: where the statement ends.
  init(_ statement: Span<UInt8>, state: DumpReaderState) {
    let head = SQLCursor(statement.extracting(0..<min(statement.count, Self.headBytes)), state: state)
    role = Self.role(of: head, setting: DumpSetting(head))
  }

  /// A statement's words up to its first parenthesis, literal or clause: `ALTER TABLE ONLY public.t ADD CONSTRAINT c`.
  ///
  /// Holds names only, and none of the data or passwords that a statement may carry.
  static func title(of statement: Span<UInt8>, state: DumpReaderState) -> String {
    var cursor = SQLCursor(statement.extracting(0..<min(statement.count, headBytes)), state: state)
    var title = ""
    var end = 0
    while !cursor.isAtEnd, title.utf8.count < 120 {
      let token = cursor.token
      let isName = token.kind == .word || token.kind == .quotedIdentifier
      guard isName || cursor.isAt(".") else { break }
      for clause: StaticString in ["as", "is", "values", "with"] where !title.isEmpty && cursor.isAt(clause) {
        return title
      }
      title += (token.start > end && !title.isEmpty ? " " : "") + cursor.text(of: token.start..<token.end)
      end = token.end
      cursor.advance()
    }
    return title
  }

  private static func role(of head: SQLCursor, setting: DumpSetting?) -> Role {
    if head.isAtEnd { return .empty }
    var cursor = head
    if cursor.take("insert") {
      _ = cursor.take("into")
      return cursor.qualifiedName().map { .insert($0) } ?? .plain
    }
    if let control = TransactionControl(cursor) { return .transaction(control) }
    if let change = SessionChange(cursor, setting: setting) {
      return change == .transactionOnly ? .alone(.repeatable) : .session(change)
    }
    if cursor.take("create") { return create(cursor) }
    if cursor.take("drop") { return drop(cursor) }
    if cursor.take("alter") { return alter(cursor) }
    if cursor.take("select") { return select(cursor) }
    if cursor.take("comment", "on") { return comment(cursor) }
    if cursor.isAt("grant") || cursor.isAt("revoke") { return grant(cursor) }
    if cursor.take("security", "label") {
      return cursor.skip(to: "on") && cursor.take("on", "database") ? .passedOver("about the database itself") : .plain
    }
    return other(cursor)
  }

  private static func other(_ cursor: SQLCursor) -> Role {
    for word: StaticString in ["vacuum", "reindex", "cluster", "checkpoint", "analyze"] where cursor.isAt(word) {
      return .alone(.repeatable)
    }
    for word: StaticString in ["prepare", "declare", "listen", "load"] where cursor.isAt(word) { return .sessionBound }
    // A COPY from the dump itself is not asked about here.
    if cursor.isAt("copy") { return .refused("COPY with a file or a program of the server") }
    return .plain
  }

  private static func create(_ cursor: SQLCursor) -> Role {
    var cursor = cursor
    if cursor.take("database") { return .passedOver("about the database itself") }
    if cursor.take("tablespace") { return .refused("a tablespace belongs to the whole server") }
    if isRole(cursor) { return .refused("roles belong to the whole server") }
    if cursor.take("schema") { return createSchema(cursor) }
    if cursor.take("extension") {
      _ = cursor.take("if", "not", "exists")
      return .single(cursor.identifier() == "plpgsql" ? .missingRight : .none)
    }
    if cursor.take("subscription") { return connects(cursor) ? .alone(.creates) : .plain }
    let isGlobal = cursor.take("global")
    let isLocal = cursor.take("local")
    if cursor.isAt("temp") || cursor.isAt("temporary") { return .sessionBound }
    if !isGlobal, !isLocal {
      _ = cursor.take("unique")
      if cursor.take("index", "concurrently") {
        _ = cursor.take("if", "not", "exists")
        guard let name = cursor.qualifiedName(), cursor.take("on") else { return .alone(.unknowable) }
        _ = cursor.take("only")
        let schema = cursor.qualifiedName()?.schema
        return .alone(.createsIndex(SQLName(schema: schema, name.name)))
      }
    }
    return .plain
  }

  private static func createSchema(_ cursor: SQLCursor) -> Role {
    var cursor = cursor
    _ = cursor.take("if", "not", "exists")
    switch cursor.identifier() {
    case LoadLedger.schema: return .refused("the schema \(LoadLedger.schema) is what the load keeps its own record in")
    case "public": return .single(.existingSchema)
    default: return .plain
    }
  }

  /// Whether CREATE SUBSCRIPTION talks to the publisher: unless it says `connect = false`.
  private static func connects(_ cursor: SQLCursor) -> Bool {
    var cursor = cursor
    while !cursor.isAtEnd {
      if cursor.take("connect") {
        _ = cursor.take("=")
        return !(cursor.isAt("false") || cursor.isAt("off"))
      }
      cursor.advance()
    }
    return true
  }

  private static func drop(_ cursor: SQLCursor) -> Role {
    var cursor = cursor
    if cursor.take("database") { return .passedOver("about the database itself") }
    if cursor.take("tablespace") { return .refused("a tablespace belongs to the whole server") }
    if cursor.take("owned") { return .plain }
    if isRole(cursor) { return .refused("roles belong to the whole server") }
    if cursor.take("index", "concurrently") || cursor.isAt("subscription") { return .alone(.drops) }
    return .single(.absentObject)
  }

  private static func alter(_ cursor: SQLCursor) -> Role {
    var cursor = cursor
    if cursor.take("database") { return .passedOver("about the database itself") }
    if cursor.take("system") { return .refused("the server's settings belong to the whole server") }
    if cursor.isAt("tablespace") { return .refused("a tablespace belongs to the whole server") }
    if isRole(cursor) {
      return cursor.skip(to: "in") && cursor.take("in", "database")
        ? .passedOver("about the database itself") : .refused("roles belong to the whole server")
    }
    if cursor.take("type") {
      _ = cursor.qualifiedName()
      return cursor.take("add", "value") ? .single(.none) : .plain
    }
    for kind: StaticString in ["table", "publication", "domain", "index", "extension", "view"] where cursor.isAt(kind) {
      cursor.advance()
      return dropsPart(cursor) ? .single(.absentObject) : .plain
    }
    return .plain
  }

  /// Whether ALTER takes something away: `DROP`, `DETACH PARTITION`, `ALTER COLUMN ... DROP`.
  private static func dropsPart(_ cursor: SQLCursor) -> Bool {
    var cursor = cursor
    _ = cursor.take("if", "exists")
    _ = cursor.take("only")
    _ = cursor.qualifiedName()
    _ = cursor.take("*")
    if cursor.isAt("drop") || cursor.isAt("detach") { return true }
    guard cursor.take("alter") else { return false }
    _ = cursor.take("column")
    _ = cursor.identifier()
    return cursor.isAt("drop")
  }

  private static func select(_ cursor: SQLCursor) -> Role {
    var cursor = cursor
    switch cursor.qualifiedName()?.name {
    case "lo_unlink": return .single(.absentObject)
    case "lo_open", "lowrite", "lo_close", "lo_create": return .largeObject
    default: return .plain
    }
  }

  private static func comment(_ cursor: SQLCursor) -> Role {
    if cursor.isAt("database") { return .passedOver("about the database itself") }
    return cursor.isAt("extension") ? .single(.missingRight) : .plain
  }

  private static func grant(_ cursor: SQLCursor) -> Role {
    var cursor = cursor
    cursor.advance()
    while !cursor.isAtEnd {
      if cursor.take("on") {
        if cursor.isAt("database") { return .passedOver("about the database itself") }
        if cursor.isAt("tablespace") || cursor.isAt("parameter") { return .refused("rights on the whole server") }
        return .plain
      }
      if cursor.isAt("to") || cursor.isAt("from") { return .refused("membership of roles belongs to the whole server") }
      cursor.advance()
    }
    return .plain
  }

  /// Whether a role is named, and not a user mapping.
  private static func isRole(_ cursor: SQLCursor) -> Bool {
    var cursor = cursor
    if cursor.isAt("role") || cursor.isAt("group") { return true }
    return cursor.take("user") && !cursor.isAt("mapping")
  }
}

extension LoadStatement.TransactionControl {
  init?(_ cursor: SQLCursor) {
    var cursor = cursor
    if cursor.take("begin") || cursor.take("start", "transaction") {
      self = .begin
    } else if cursor.take("commit") || cursor.take("end") {
      self = .commit
    } else if cursor.take("rollback") || cursor.take("abort") {
      _ = cursor.take("work") || cursor.take("transaction")
      self = cursor.isAt("to") ? .inside : .rollback
    } else if cursor.isAt("savepoint") || cursor.isAt("release") || cursor.isAt("lock") {
      self = .inside
    } else {
      return nil
    }
  }
}

extension SessionChange {
  /// - Parameter setting: what the dump's reader makes of the same statement.
  init?(_ cursor: SQLCursor, setting: DumpSetting?) {
    var cursor = cursor
    if cursor.take("reset", "session", "authorization") {
      self = .authorization(isReset: true)
    } else if let setting {
      self = Self.change(setting, isDiscard: cursor.isAt("discard"))
    } else if cursor.take("set") {
      self = Self.afterSet(&cursor)
    } else {
      return nil
    }
  }

  private static func change(_ setting: DumpSetting, isDiscard: Bool) -> SessionChange {
    if setting.scope == .transaction { return .transactionOnly }
    if isDiscard { return .discard }
    if setting.name == "all" { return .resetSettings }
    if setting.name == "role", setting.value == nil || setting.value == "none" { return .reset("role") }
    return setting.value == nil ? .reset(setting.name) : .set(setting.name)
  }

  /// `SET` of what is no setting by name.
  private static func afterSet(_ cursor: inout SQLCursor) -> SessionChange {
    if cursor.isAt("local") || cursor.isAt("transaction") || cursor.isAt("constraints") { return .transactionOnly }
    _ = cursor.take("session")
    if cursor.take("authorization") { return .authorization(isReset: cursor.isAt("default")) }
    if cursor.take("role") { return cursor.isAt("none") ? .reset("role") : .set("role") }
    if cursor.take("characteristics") { return .set("session characteristics") }
    if cursor.take("schema") { return .set("search_path") }
    return .set("set " + (cursor.identifier() ?? ""))
  }
}
