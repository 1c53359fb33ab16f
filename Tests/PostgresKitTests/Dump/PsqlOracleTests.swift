internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import PostgresKit

@Suite("dump statements against psql")
struct PsqlOracleTests {
  /// A server that logs every statement that it is sent.
  private static func makeServer() throws -> ScratchPostgres {
    let server = try ScratchPostgres(
      ScratchPostgres.Options(settings: ["log_statement": "all", "log_line_prefix": "<%p> "]))
    try server.sql("CREATE TABLE t (a text); CREATE TABLE \"A;b\" (a text)")
    return server
  }

  /// What psql has sent from the marker on, in its order (PostgreSQL 15, chapter 20.8).
  private static func statements(in log: [UInt8], from marker: String) -> [String] {
    // A line feed inside of an entry is followed by a tab.
    let entries = String(decoding: log, as: UTF8.self).replacing("\n\t", with: "\u{1}").split(separator: "\n")
    var statements: [String] = []
    var isLogged = false
    var session: Substring?
    for entry in entries {
      let process = entry.prefix { $0 != " " }
      let message = entry.dropFirst(process.count + 1).replacing("\u{1}", with: "\n")
      if message == "LOG:  statement: \(marker)" { session = process }
      guard process == session else { continue }
      if message.hasPrefix("LOG:  statement: ") {
        statements.append(String(message.dropFirst("LOG:  statement: ".count)))
        isLogged = true
      } else if message.hasPrefix("STATEMENT:  ") {
        // A statement with a syntax error is logged only with its error; any other one before it as well.
        let failed = String(message.dropFirst("STATEMENT:  ".count))
        if !isLogged || failed != statements.last { statements.append(failed) }
        isLogged = false
      }
    }
    return statements
  }

  /// A statement without white space and comments, of which psql drops some.
  private static func tokens(_ statement: String) -> [String] {
    let bytes = Array(statement.utf8)
    var tokenizer = SQLTokenizer(syntax: SQLSyntax())
    var tokens: [String] = []
    while true {
      let token = tokenizer.next(in: bytes.span)
      switch token.kind {
      case .end: return tokens
      case .incomplete: return tokens + ["incomplete: " + String(decoding: bytes[token.start...], as: UTF8.self)]
      default: tokens.append(String(decoding: bytes[token.start..<token.end], as: UTF8.self))
      }
    }
  }

  @Test("psql sends the very statements that the reader finds, in random dumps")
  func random() throws {
    let server = try Self.makeServer()
    let seed = SeededGenerator.runSeed
    var random = SeededGenerator(seed: seed)
    let marker = "SELECT 'the random dump begins';"
    var dump = RandomDump(&random, fragments: 3000, isForPsql: true)
    dump.bytes = Array(marker.utf8) + dump.bytes
    let file = server.directory + "/random.sql"
    try TestProcess.output(["sh", "-c", "cat > \"$0\"", file], input: .bytes(dump.bytes))
    try server.psql("postgres", file: file, stopOnError: false)
    let sent = try Self.statements(in: Fixtures.bytes(server.directory + "/log"), from: marker)
    let found = try ReadPieces.statements(String(decoding: dump.bytes, as: UTF8.self))
    #expect(sent.count > 1500)
    #expect(sent.count == found.count, "RECOVER_SEED=\(seed)")
    for (sent, found) in zip(sent, found) {
      let (sent, found) = (Self.tokens(sent), Self.tokens(found))
      try #require(sent == found, "RECOVER_SEED=\(seed)")
    }
  }
}
