/// GRANT and REVOKE.
extension StatementParser {
  mutating func privileges(isGrant: Bool) -> DumpStatement.Kind {
    let start = cursor
    guard cursor.skip(to: "on") else { return .role }
    cursor.advance()
    var kind = DumpStatement.Kind.privileges
    if cursor.take("database") {
      kind = cursor.identifier().map { .database(.privileges, name: $0) } ?? kind
    } else if cursor.take("tablespace") {
      kind = cursor.identifier().map { .tablespace($0) } ?? kind
    } else if cursor.take("parameter") {
      kind = .parameter
    }
    cursor = start
    noteGrantees(after: isGrant ? "to" : "from")
    return kind
  }

  /// Notes the roles after TO or FROM, and the one that granted.
  mutating func noteGrantees(after keyword: StaticString) {
    guard cursor.skip(to: keyword) else { return }
    cursor.advance()
    roleList()
    if cursor.skip(to: "granted"), cursor.take("granted", "by") { _ = role() }
  }
}
