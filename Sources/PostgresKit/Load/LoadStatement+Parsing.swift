/// Tells how a statement has to be run.
///
/// What is not recognised is `plain`: where the server then says that it can't run in a transaction block, the loader
/// runs it again alone.
extension LoadStatement {
  /// No head that matters is longer.
  private static let headBytes = 4096

  /// - Parameters:
  ///   - statement: what the dump's reader makes of it.
  ///   - bytes: the statement itself, for what only the loader asks.
  init(_ statement: DumpStatement, _ bytes: Span<UInt8>, syntax: SQLSyntax) {
    // Most statements of a large dump are these, and need no second look.
    if case .insert(let table) = statement.kind {
      role = .insert(table)
    } else if let reason = statement.escape.flatMap(Self.refusal) {
      role = .refused(reason)
    } else {
      role = Self.role(of: statement.kind, Self.head(of: bytes, syntax: syntax))
      isHeavy = Self.isHeavy(statement.kind)
    }
  }

  private static func head(of bytes: Span<UInt8>, syntax: SQLSyntax) -> SQLCursor {
    SQLCursor(bytes, syntax: syntax, headBytes: headBytes)
  }

  /// A statement's words up to its first parenthesis, literal or clause: `ALTER TABLE ONLY public.t ADD CONSTRAINT c`.
  ///
  /// Holds names only, and none of the data or passwords that a statement may carry.
  static func title(of statement: Span<UInt8>, syntax: SQLSyntax) -> String {
    var cursor = head(of: statement, syntax: syntax)
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

  /// Why what reaches beyond the database is not run; nil for statements about databases, which are passed over.
  private static func refusal(_ escape: DumpStatement.Escape) -> String? {
    switch escape {
    case .serverConfiguration, .parameter: "the server's settings belong to the whole server"
    case .role: "roles belong to the whole server"
    case .tablespace: "tablespaces belong to the whole server"
    case .program: "it runs a program on the server"
    case .serverFile: "it reads or writes a file of the server"
    case .library: "it loads a library into the server"
    case .database: nil
    }
  }

  private static func role(of kind: DumpStatement.Kind, _ head: SQLCursor) -> Role {
    switch kind {
    case .empty: .empty
    case .insert(let table): .insert(table)
    case .database: .passedOver("it is about the database itself")
    case .copyToStdout: .passedOver("it only prints")
    case .setting, .setRole, .setSessionAuthorization: session(kind, head)
    case .begin: .transaction(.begin)
    case .commit: .transaction(.commit)
    case .rollback: .transaction(head.isBackToSavepoint ? .inside : .rollback)
    case .largeObject(.unlink): .single(.absentObject)
    case .largeObject: .largeObject
    case .analyze, .vacuum: .alone(.repeatable)
    case .create(let object): create(object, head)
    case .createIndex(let index, let isConcurrent): isConcurrent ? .alone(.createsIndex(index.name)) : .plain
    case .drop(let kind, _):
      kind == .subscription || head.dropsConcurrently ? .alone(.drops) : .single(.absentObject)
    case .alter: head.dropsPart ? .single(.absentObject) : head.addsEnumValue ? .single(.none) : .plain
    case .comment(let kind, _): kind == .extension ? .single(.missingRight) : .plain
    case .other(let verb): other(verb, head)
    case .copyFromStdin, .setval, .refreshMaterializedView, .alterOwner, .privileges, .defaultPrivileges, .doBlock,
      // Their escapes were refused above.
      .copyServer, .role, .tablespace, .alterSystem, .parameter, .load:
      .plain
    }
  }

  private static func isHeavy(_ kind: DumpStatement.Kind) -> Bool {
    switch kind {
    case .createIndex, .refreshMaterializedView, .doBlock, .alter, .other: true
    case .create(let object):
      switch object.kind {
      case .primaryKey, .uniqueConstraint, .foreignKey, .checkConstraint, .exclusionConstraint, .notNullConstraint,
        .materializedView:
        true
      default: false
      }
    default: false
    }
  }

  private static func session(_ kind: DumpStatement.Kind, _ head: SQLCursor) -> Role {
    var cursor = head
    if cursor.take("set", "local") { return .alone(.repeatable) }
    switch kind {
    case .setRole(let role): return .session(role == nil ? .reset("role") : .set("role"))
    case .setSessionAuthorization(let user): return .session(.authorization(isReset: user == nil))
    case .setting(let setting):
      if setting.scope == .transaction { return .alone(.repeatable) }
      if head.isAt("discard") { return .session(.discard) }
      if setting.name == "all" { return .session(.resetSettings) }
      return .session(setting.value == nil ? .reset(setting.name) : .set(setting.name))
    default: return .plain
    }
  }

  private static func create(_ object: DumpObject, _ head: SQLCursor) -> Role {
    if head.createsTemporary { return .sessionBound }
    switch (object.kind, object.name.name) {
    case (.schema, LoadLedger.schema):
      return .refused("the schema \(LoadLedger.schema) is what the load keeps its own record in")
    case (.schema, "public"): return .single(.existingSchema)
    case (.extension, let name): return .single(name == "plpgsql" ? .missingRight : .none)
    case (.view, _) where head.replacesByStandIn: return .single(.absentObject)
    case (.subscription, _): return head.connectsToPublisher ? .alone(.creates) : .plain
    default: return .plain
    }
  }

  private static func other(_ verb: String, _ head: SQLCursor) -> Role {
    switch verb {
    case "reindex", "cluster", "checkpoint": .alone(.repeatable)
    case "prepare", "declare", "listen": .sessionBound
    case "savepoint", "release", "lock": .transaction(.inside)
    case "set": head.setsTransactionOnly ? .alone(.repeatable) : .session(.set(head.settingWithoutName))
    case "create" where head.createsTemporary: .sessionBound
    default: .plain
    }
  }
}

// What only the loader asks of a statement's words (PostgreSQL, "SQL Commands").
extension SQLCursor {
  /// ROLLBACK TO SAVEPOINT.
  fileprivate var isBackToSavepoint: Bool {
    var cursor = self
    cursor.advance()
    _ = cursor.take("work") || cursor.take("transaction")
    return cursor.isAt("to")
  }

  fileprivate var createsTemporary: Bool {
    var cursor = self
    _ = cursor.take("create")
    _ = cursor.take("or", "replace")
    _ = cursor.take("global") || cursor.take("local")
    return cursor.isAt("temp") || cursor.isAt("temporary")
  }

  /// `CREATE OR REPLACE VIEW ... AS SELECT NULL::type AS column, ...`: with `--clean`, pg_dump takes a view that others
  /// depend on out of the way in this manner, with or without `--if-exists`.
  fileprivate var replacesByStandIn: Bool {
    var cursor = self
    guard cursor.take("create"), cursor.take("or", "replace"), cursor.take("view"), cursor.skip(to: "as") else {
      return false
    }
    guard cursor.take("as", "select") else { return false }
    var isAtItem = true
    while !cursor.isAtEnd {
      if isAtItem, !cursor.isAt("null") { return false }
      if cursor.isAt("from") { return false }
      isAtItem = cursor.isAt(",")
      if cursor.isAt("(") { cursor.skipParentheses() } else { cursor.advance() }
    }
    // Seen to its end, not cut.
    return cursor.token.kind == .symbol
  }

  fileprivate var dropsConcurrently: Bool {
    var cursor = self
    return cursor.take("drop", "index", "concurrently")
  }

  /// ALTER TYPE with ADD VALUE, whose value can be used only once it is committed.
  fileprivate var addsEnumValue: Bool {
    var cursor = self
    guard cursor.take("alter", "type") else { return false }
    _ = cursor.qualifiedName()
    return cursor.take("add", "value")
  }

  /// Whether ALTER takes something away: `DROP`, `DETACH PARTITION`, `ALTER COLUMN ... DROP`.
  fileprivate var dropsPart: Bool {
    var cursor = self
    guard cursor.take("alter") else { return false }
    // The kind of object is one word for everything that has parts.
    _ = cursor.take("foreign")
    cursor.advance()
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

  /// Whether CREATE SUBSCRIPTION talks to the publisher: unless it says `connect = false`.
  fileprivate var connectsToPublisher: Bool {
    var cursor = self
    while !cursor.isAtEnd {
      if cursor.take("connect") {
        _ = cursor.take("=")
        return !(cursor.isAt("false") || cursor.isAt("off"))
      }
      cursor.advance()
    }
    return true
  }

  /// SET TRANSACTION, SET CONSTRAINTS: over with the transaction.
  fileprivate var setsTransactionOnly: Bool {
    var cursor = self
    return cursor.take("set") && (cursor.isAt("local") || cursor.isAt("transaction") || cursor.isAt("constraints"))
  }

  /// A key for what SET sets without calling it by a name: `SET SCHEMA 'x'` is the search path.
  fileprivate var settingWithoutName: String {
    var cursor = self
    _ = cursor.take("set")
    _ = cursor.take("session")
    return cursor.take("schema") ? "search_path" : "set " + (cursor.identifier() ?? "")
  }
}
