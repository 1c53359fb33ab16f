package import RecoverBase

/// What pg_dumpall writes before the first database: roles, memberships, tablespaces, and rights on parameters.
///
/// Statements hold passwords, so that they are kept in memory alone and are part of no message.
package struct DumpGlobals: Sendable {
  /// In the order of the dump, without what drops or revokes.
  private(set) var statements: [Statement] = []
  private(set) var clientEncoding: String?
  private(set) var hasStandardStrings = true

  struct Statement: Sendable {
    var subject: Subject
    var line: Int64
    let text: [UInt8]
  }

  enum Subject: Sendable, Hashable {
    case createRole(String)
    /// ALTER ROLE, COMMENT ON ROLE.
    case role(String)
    case membership(of: String, member: String)
    case createTablespace(String)
    /// ALTER, COMMENT ON, GRANT ON TABLESPACE.
    case tablespace(String)
    /// GRANT ON PARAMETER.
    case parameter(grantees: [String])
  }

  /// Some ten thousand roles with everything that can be said of them.
  private static let limitBytes = 64 << 20

  /// Reads a dump up to the first database that it connects to.
  ///
  /// - Throws: ``RecoverError`` `backupRefused` for more than 64 MiB of roles, and what the reader throws.
  package init<Source: ByteSource & ~Copyable>(
    reading reader: inout DumpReader<Source>, interruption: Interruption
  ) throws {
    var byteCount = 0
    while let piece = try reader.next() {
      try interruption.check()
      if case .metaCommand(.connect) = piece.kind { return }
      guard case .statement = piece.kind, let subject = Self.subject(reader) else { continue }
      let text = reader.text.bytes
      byteCount += text.count
      guard byteCount <= Self.limitBytes else {
        throw RecoverError(.backupRefused, "line \(piece.line): the roles are more than \(ByteCount(64 << 20))")
      }
      clientEncoding = reader.state.clientEncoding
      hasStandardStrings = reader.state.standardConformingStrings
      statements.append(Statement(subject: subject, line: piece.line, text: text))
    }
  }

  private static func subject<Source: ByteSource & ~Copyable>(_ reader: borrowing DumpReader<Source>) -> Subject? {
    let (statement, syntax) = (reader.statement, reader.statementSyntax)
    switch statement.kind {
    case .role, .tablespace, .parameter: break
    default: return nil
    }
    var cursor = reader.withBytes { SQLCursor($0, syntax: syntax) }
    if cursor.take("create", "role") { return cursor.identifier().map { .createRole($0) } }
    if cursor.take("create", "tablespace") { return cursor.identifier().map { .createTablespace($0) } }
    if cursor.take("alter", "role") || cursor.take("comment", "on", "role") {
      return cursor.identifier().map { .role($0) }
    }
    guard cursor.take("grant") || cursor.take("alter") || cursor.take("comment") else { return nil }
    switch statement.kind {
    case .tablespace(let name): return .tablespace(name)
    case .parameter: return .parameter(grantees: statement.roles)
    default: break
    }
    guard let role = cursor.identifier(), cursor.take("to"), let member = cursor.identifier() else { return nil }
    return .membership(of: role, member: member)
  }
}

extension DumpGlobals {
  /// The roles that it makes, in its order.
  package var roles: [String] {
    statements.compactMap { if case .createRole(let name) = $0.subject { name } else { nil } }
  }

  /// The tablespaces that it makes, in its order.
  package var tablespaces: [String] {
    statements.compactMap { if case .createTablespace(let name) = $0.subject { name } else { nil } }
  }
}
