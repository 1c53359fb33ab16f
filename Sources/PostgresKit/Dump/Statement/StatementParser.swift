/// Reads the head of one statement; what each method leaves the cursor at is of no interest to the others.
struct StatementParser {
  var cursor: SQLCursor
  /// The roles that the statement needs.
  var roles: [String] = []
  /// The tablespace that the statement puts something into.
  var tablespace: String?

  /// INSERTs are most of the statements of a large dump, and only their table is of interest.
  private static let insertHeadBytes = 1 << 10

  init(_ statement: Span<UInt8>, syntax: SQLSyntax) {
    let isInsert = statement.count > 0 && Ascii.lowercased(statement[0]) == UInt8(ascii: "i")
    cursor =
      isInsert
      ? SQLCursor(statement, syntax: syntax, headBytes: Self.insertHeadBytes) : SQLCursor(statement, syntax: syntax)
  }

  mutating func statement() -> DumpStatement.Kind {
    if cursor.isAtEnd { return .empty }
    let start = cursor
    if let copy = CopyStatement(cursor) { return kind(of: copy) }
    if let setting = session() { return setting }
    cursor = start
    guard let verb = cursor.identifier() else { return .other("") }
    switch verb {
    case "insert": return insert()
    case "create": return create()
    case "alter": return alter()
    case "drop": return drop()
    case "comment", "security": return comment(isLabel: verb == "security")
    case "grant", "revoke": return privileges(isGrant: verb == "grant")
    case "reassign": return .role
    case "select": return select()
    case "begin": return .begin
    case "start": return cursor.isAt("transaction") ? .begin : .other(verb)
    case "commit", "end": return .commit
    case "rollback", "abort": return .rollback
    case "refresh": return refresh()
    case "analyze", "analyse": return .analyze
    case "vacuum": return .vacuum
    case "do": return .doBlock
    case "load": return .load
    default: return .other(verb)
    }
  }

  private func kind(of copy: CopyStatement) -> DumpStatement.Kind {
    switch copy {
    case .fromStdin(let copy): .copyFromStdin(copy)
    // The reader refuses it before anybody asks.
    case .binaryFromStdin: .other("copy")
    case .toStdout: .copyToStdout
    case .server(let table, let direction): .copyServer(table, direction)
    }
  }

  private mutating func insert() -> DumpStatement.Kind {
    guard cursor.take("into"), let table = cursor.qualifiedName() else { return .other("insert") }
    return .insert(table)
  }

  private mutating func refresh() -> DumpStatement.Kind {
    guard cursor.take("materialized", "view") else { return .other("refresh") }
    _ = cursor.take("concurrently")
    guard let view = cursor.qualifiedName() else { return .other("refresh") }
    return .refreshMaterializedView(view)
  }

  // MARK: Roles

  /// Stand for no certain role; only where they are not quoted.
  private static let noRoles: Set = ["current_user", "current_role", "session_user", "user", "default", "all"]
  /// Can't be a role's name, quoted or not: the server reads both alike.
  private static let reservedNames: Set = ["public", "none"]

  /// Notes a role that the statement needs, and gives it back; a word that stands for no certain role gives nil.
  mutating func role() -> String? {
    _ = cursor.take("group")
    let isWord = cursor.token.kind == .word
    guard let name = cursor.identifier() ?? cursor.literal() else { return nil }
    if Self.reservedNames.contains(name) || isWord && Self.noRoles.contains(name) { return nil }
    if !roles.contains(where: { $0.utf8.elementsEqual(name.utf8) }) { roles.append(name) }
    return name
  }

  /// Notes a list of roles.
  mutating func roleList() {
    repeat { _ = role() } while cursor.take(",")
  }
}
