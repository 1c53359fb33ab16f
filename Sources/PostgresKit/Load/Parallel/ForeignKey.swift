/// `ALTER TABLE ... ADD CONSTRAINT name FOREIGN KEY ...` in two halves: added without looking at the rows, and checked
/// afterwards, under a lock that lets the checks of other tables run at the same time (PostgreSQL, ALTER TABLE,
/// `NOT VALID`).
///
/// Made from tokens. Whatever is not surely understood, and what is NOT VALID already, gives nil.
struct ForeignKey: Sendable, Hashable {
  var table: SQLName
  var name: String
  var addNotValid: SQLText
  var validate: SQLText

  init?(_ statement: SQLText, syntax: SQLSyntax) {
    var cursor = SQLCursor(statement.bytes.span, syntax: syntax)
    guard cursor.take("alter", "table") else { return nil }
    let isOnly = cursor.take("only")
    let tableStart = cursor.token.start
    guard let table = cursor.qualifiedName(), !cursor.isAt("*") else { return nil }
    let tableText = cursor.bytes[tableStart..<cursor.lastEnd]
    guard cursor.take("add", "constraint") else { return nil }
    let nameStart = cursor.token.start
    guard let name = cursor.identifier() else { return nil }
    let nameText = cursor.bytes[nameStart..<cursor.lastEnd]
    guard cursor.take("foreign", "key"), cursor.isAt("(") else { return nil }
    // Known words only, so that what a later version adds is left as it is.
    let known: [StaticString] = [
      "match", "full", "partial", "simple", "on", "delete", "update", "cascade", "restrict", "set",
      "null", "default", "no", "action", "deferrable", "initially", "deferred", "immediate",
    ]
    while !cursor.isAtEnd {
      if cursor.isAt("(") {
        cursor.skipParentheses()
        continue
      }
      if cursor.isAt("not") {
        guard cursor.take("not", "deferrable") else { return nil }
        continue
      }
      if cursor.take("references") {
        guard cursor.qualifiedName() != nil else { return nil }
        continue
      }
      guard known.contains(where: { cursor.take($0) }) else { return nil }
    }
    guard cursor.token.kind != .incomplete else { return nil }
    self.table = table
    self.name = name
    addNotValid = SQLText(joining: .bytes(cursor.bytes[..<cursor.lastEnd]), .words(" NOT VALID;"))
    validate = SQLText(
      joining: .words("ALTER TABLE \(isOnly ? "ONLY " : "")"), .bytes(tableText), .words(" VALIDATE CONSTRAINT "),
      .bytes(nameText), .words(";"))
  }
}
