import PostgresKit
import RecoverBase
import RecoverTestSupport
import Synchronization

/// Clients that connect, write a row into `hits`, leave, and connect again; each on a thread of its own.
final class Clients: Sendable {
  private let settings: ConnectionSettings
  private let counts = Mutex(Counts())

  struct Counts: Sendable {
    /// Rows that the server acknowledged.
    var written = 0
    var refused = 0
  }

  private init(_ settings: ConnectionSettings) { self.settings = settings }

  var now: Counts { counts.withLock { $0 } }

  /// Runs `body` while clients hammer a database, beginning when each of them could have written a few rows.
  static func hammering<Value>(
    _ server: ScratchPostgres, _ database: String, count: Int = 8, _ body: (Clients) throws -> Value
  ) throws -> Value {
    try server.sql(
      "CREATE TABLE IF NOT EXISTS hits (id bigserial PRIMARY KEY, at text DEFAULT current_database())", in: database)
    try server.sql(
      "GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC; GRANT ALL ON SEQUENCE hits_id_seq TO PUBLIC", in: database)
    let clients = try Clients(server.settings(database, user: "app"))
    return try clients.run(count) {
      clients.wait { $0.written >= count * 2 }
      return try body(clients)
    }
  }

  /// Waits until the counts are such, at most half a minute.
  func wait(_ condition: (Counts) -> Bool) {
    let deadline = Deadline.after(.seconds(30))
    while !condition(now), !deadline.hasPassed { Interruption().wait(atMost: .milliseconds(5)) }
  }

  private func run<Value>(_ count: Int, _ body: () throws -> Value) throws -> Value {
    guard count > 0 else { return try body() }
    return try BlockingThread.alongside("client", { self.hammer(until: $0) }, { try run(count - 1, body) })
  }

  private func hammer(until stop: Interruption) {
    while !stop.isRaised {
      do {
        var connection = try Connection(settings, timeout: .seconds(10))
        try connection.execute("INSERT INTO public.hits DEFAULT VALUES")
        counts.withLock { $0.written += 1 }
      } catch {
        counts.withLock { $0.refused += 1 }
        stop.wait(atMost: .milliseconds(2))
      }
    }
  }
}
