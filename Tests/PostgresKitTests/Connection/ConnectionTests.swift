import Glibc
import PostgresKit
import RecoverBase
import RecoverTestSupport
import Testing

@Suite("a connection")
struct ConnectionTests {
  private let server: ScratchPostgres

  init() throws { server = try ScratchPostgres.shared() }

  private func connection(_ database: String = "postgres") throws -> Connection {
    try Connection(server.settings(database))
  }

  @Test("values come back as they were sent, NULL, empty and Unicode included")
  func parameters() throws {
    var connection = try connection()
    let values: [String?] = ["", nil, "it's \\ \"x\"", "żółć 🐘", "line\nbreak"]
    let row = try connection.rows("SELECT $1::text, $2::text, $3::text, $4::text, $5::text", values)
    #expect(row == [values])
  }

  @Test("an error carries its SQLSTATE and fields")
  func errorFields() throws {
    var connection = try connection()
    try connection.execute("CREATE TEMP TABLE t (id int CONSTRAINT positive CHECK (id > 0))")
    let error = #expect(throws: RecoverError.self) { try connection.execute("INSERT INTO t VALUES (-1)") }
    let said = try #require(error?.postgres)
    #expect(said.sqlState == "23514")
    #expect(said.constraint == "positive")
    #expect(said.table == "t")
    #expect(said.detail == "Failing row contains (-1).")
    #expect(error?.code == .stepFailed)
  }

  @Test(
    "a SQLSTATE becomes the code that says what to do",
    arguments: [
      ("40001", RecoverError.Code.busy), ("40P01", .busy), ("55P03", .busy), ("42501", .missingRequirement),
      ("53100", .noSpace), ("53300", .noSpace), ("57P01", .connectionLost), ("57P03", .unreachable),
      ("08006", .connectionLost), ("57014", .timedOut), ("22012", .stepFailed),
    ])
  func codes(state: String, code: RecoverError.Code) throws {
    var connection = try connection()
    let error = #expect(throws: RecoverError.self) {
      try connection.execute("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '\(state)'; END $$")
    }
    #expect(error?.code == code)
    #expect(error?.sqlState == SQLState(rawValue: state))
    #expect(try connection.value("SELECT 1") == "1")
  }

  @Test("the first error of several statements is thrown, and the connection goes on")
  func severalStatements() throws {
    var connection = try connection()
    let outcome = try connection.execute("CREATE TEMP TABLE t (i int); INSERT INTO t VALUES (1), (2)")
    #expect(outcome == CommandOutcome(tag: "INSERT 0 2", affectedRows: 2))
    let error = #expect(throws: RecoverError.self) { try connection.execute("SELECT 1; SELECT 1/0; SELECT nope") }
    #expect(error?.sqlState == "22012")
    let status = connection.transactionStatus
    #expect(status == .idle)
    #expect(try connection.value("SELECT count(*) FROM t") == "2")
  }

  @Test("notices are kept, the newest 256 of them")
  func notices() throws {
    var connection = try connection()
    try connection.execute("DO $$ BEGIN FOR i IN 1..300 LOOP RAISE NOTICE 'n%', i; END LOOP; END $$")
    let notices = connection.takeNotices()
    #expect(notices.count == 256)
    #expect(notices.last?.message == "n300")
    #expect(notices.last?.severity == "NOTICE")
    #expect(connection.takeNotices().isEmpty)
  }

  @Test("a raised interruption cancels what runs, and the connection can clean up")
  func interrupted() async throws {
    let settings = try server.settings()
    let code = try await BlockingThread.run("test") { _ -> RecoverError.Code? in
      let interruption = Interruption()
      var connection = try Connection(settings, interruption: interruption)
      let pid = connection.backendPid
      let watcher = BlockingWatcher(settings: settings, pid: pid, interruption: interruption)
      watcher.start()
      let error = #expect(throws: RecoverError.self) { try connection.execute("SELECT pg_sleep(600)") }
      connection.interruption = nil
      #expect(try connection.value("SELECT 1") == "1")
      return error?.code
    }
    #expect(code == .interrupted)
  }

  @Test("a deadline that passes cancels what runs")
  func timedOut() throws {
    var connection = try connection()
    connection.deadline = .after(.milliseconds(20))
    let error = #expect(throws: RecoverError.self) { try connection.execute("SELECT pg_sleep(600)") }
    #expect(error?.code == .timedOut)
    connection.deadline = nil
    #expect(try connection.value("SELECT 1") == "1")
  }

  @Test("rows stream one at a time, and a body that throws ends the statement")
  func streaming() throws {
    struct Enough: Error {}
    var connection = try connection()
    var sum: Int64 = 0
    try connection.stream("SELECT i FROM generate_series(1, 10000) AS i") { row in
      #expect(row.rowCount == 1)
      sum += row.integer(0, 0) ?? 0
    }
    #expect(sum == 50_005_000)
    #expect(throws: Enough.self) {
      try connection.stream("SELECT generate_series(1, 100000000)") { _ in throw Enough() }
    }
    #expect(try connection.value("SELECT 1") == "1")
  }

  @Test("a session ended by the administrator is a lost connection")
  func terminated() throws {
    var connection = try connection()
    var other = try self.connection()
    _ = try other.query("SELECT pg_terminate_backend($1::int, 10000)", [String(connection.backendPid)])
    let error = #expect(throws: RecoverError.self) { try connection.execute("SELECT 1") }
    #expect(error?.code == .connectionLost)
    let isLost = connection.isLost
    #expect(isLost)
  }

  @Test("a transaction is rolled back when its body throws, and committed when it returns")
  func transactions() throws {
    struct Refusal: Error {}
    var connection = try connection()
    try connection.execute("CREATE TEMP TABLE t (i int)")
    #expect(throws: Refusal.self) {
      try connection.transaction { connection in
        try connection.execute("INSERT INTO t VALUES (1)")
        throw Refusal()
      }
    }
    try connection.transaction { try $0.execute("INSERT INTO t VALUES (2)") }
    #expect(try connection.value("SELECT array_agg(i) FROM t") == "{2}")
  }

  @Test("nobody listens: the server is unreachable")
  func unreachable() throws {
    let settings = ConnectionSettings(host: "127.0.0.1", port: 1, user: "x", database: "y")
    let error = #expect(throws: RecoverError.self) { _ = try Connection(settings) }
    #expect(error?.code == .unreachable)
    #expect(error?.message.contains("127.0.0.1 port 1") == true)
  }

  @Test("a server that does not answer is given up at the deadline")
  func silentServer() throws {
    let listener = try SilentListener()
    let settings = ConnectionSettings(host: "127.0.0.1", port: listener.port, user: "x", database: "y")
    let error = #expect(throws: RecoverError.self) {
      _ = try Connection(settings, timeout: .milliseconds(30))
    }
    #expect(error?.code == .timedOut)
  }

  @Test("the server sees the application name, cut to 63 bytes of ASCII")
  func applicationName() throws {
    let name = "recover/0123abcd/7 é" + String(repeating: "x", count: 80)
    var connection = try Connection(server.settings().replacing(applicationName: name))
    let seen = try connection.value("SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()")
    #expect(seen?.utf8.count == 63)
    #expect(seen?.hasPrefix("recover/0123abcd/7 ??x") == true)
  }

  @Test("pinned settings win over a role's defaults, and unknown ones are passed over")
  func pinned() throws {
    let role = ScratchPostgres.uniqueName("spoiled")
    try server.sql(
      """
      CREATE ROLE \(role) LOGIN; ALTER ROLE \(role) SET statement_timeout = 1;
      ALTER ROLE \(role) SET default_transaction_read_only = on; ALTER ROLE \(role) SET standard_conforming_strings = off;
      """)
    defer { _ = try? server.sql("DROP ROLE \(role)") }
    var connection = try Connection(server.settings("postgres", user: role))
    try connection.pin(.steady + PinnedSettings(["setting_of_version_99": "1"]))
    let row = try connection.rows(
      """
      SELECT current_setting('statement_timeout'), current_setting('default_transaction_read_only'),
        current_setting('standard_conforming_strings')
      """)
    #expect(row == [["0", "off", "on"]])
  }

  @Test("a quoted name or value means itself", arguments: ["plain", "it's", "back\\slash", "qu\"ote", "\\'; --", "é🐘"])
  func quoting(text: String) throws {
    var connection = try connection()
    for setting in ["on", "off"] {
      try connection.execute("SET standard_conforming_strings = \(setting); SET escape_string_warning = off")
      let result = try connection.query("SELECT\(Quoting.literal(text)) AS \(Quoting.identifier(text))")
      #expect(result[0, 0] == text)
      #expect(result.columns == [text])
    }
  }
}

/// Raises an interruption as soon as a backend is seen at work.
private struct BlockingWatcher: Sendable {
  let settings: ConnectionSettings
  let pid: Int32
  let interruption: Interruption

  func start() {
    Task {
      try await BlockingThread.run("watcher") { _ in
        var connection = try Connection(settings)
        let busy = "SELECT count(*) FROM pg_stat_activity WHERE pid = $1::int AND wait_event = 'PgSleep'"
        while try connection.value(busy, [String(pid)]) != "1" {}
        interruption.raise()
      }
    }
  }
}

/// A socket that takes connections into its queue and never says anything.
private final class SilentListener {
  private let descriptor: Int32
  let port: Int

  init() throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let descriptor = descriptor
    let code = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        unsafe bind(descriptor, generic, length) | listen(descriptor, 1) | getsockname(descriptor, generic, &length)
      }
    }
    guard code == 0 else { throw RecoverError.system(.unreachable, "can't listen") }
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  deinit { close(descriptor) }
}
