internal import RecoverBase

/// Triggers of a table's users that fire for one kind of statement, as they are now.
struct TableTriggers {
  /// The bit of `tgtype` (PostgreSQL, `pg_trigger`; the values are in its header of the same name).
  enum Event: Int {
    case insert = 4
    case delete = 8
  }

  private struct Trigger {
    var name: String
    var isAlways: Bool
  }

  private let table: String
  private let triggers: [Trigger]

  var names: [String] { triggers.map(\.name) }

  static func read(_ event: Event, _ match: RowsMatch, _ connection: inout Connection) throws -> TableTriggers {
    let rows = try connection.rows(
      """
      SELECT tgname, tgenabled = 'A' FROM pg_catalog.pg_trigger WHERE tgrelid = $1::oid AND NOT tgisinternal
        AND tgenabled IN ('O', 'A') AND tgtype & \(event.rawValue) > 0 ORDER BY tgname
      """, ["\(match.liveOID)"])
    return TableTriggers(
      table: Quoting.identifier(match.table.schema ?? "", match.table.name),
      triggers: rows.map { Trigger(name: $0[0] ?? "", isAlways: $0[1] == "t") })
  }

  /// Disables them in the open transaction; nobody else sees that, since no one else can write to the table meanwhile.
  func disable(_ connection: inout Connection) throws {
    guard !triggers.isEmpty else { return }
    // Whoever comes after us waits behind us.
    try connection.execute(
      "SET LOCAL lock_timeout = '2s'; LOCK TABLE \(table) IN SHARE ROW EXCLUSIVE MODE; SET LOCAL lock_timeout = '10s'")
    try alter({ _ in "DISABLE" }, &connection)
  }

  /// As they were; no event of the table may be pending.
  func enable(_ connection: inout Connection) throws {
    guard !triggers.isEmpty else { return }
    try alter({ $0.isAlways ? "ENABLE ALWAYS" : "ENABLE" }, &connection)
  }

  private func alter(_ verb: (Trigger) -> String, _ connection: inout Connection) throws {
    let changes = triggers.map { "\(verb($0)) TRIGGER \(Quoting.identifier($0.name))" }.joined(separator: ", ")
    try connection.execute("ALTER TABLE \(table) \(changes)")
  }
}

extension Connection {
  /// Runs what fires triggers, or calls functions of the database's own, in the open transaction: with the `search_path`
  /// that a new session of our role has, since they may name things without a schema.
  ///
  /// An error leaves the transaction to be rolled back, and with it the setting.
  @discardableResult
  mutating func withUsualPath<Value>(_ body: (inout Connection) throws -> Value) throws -> Value {
    func set(_ value: String, _ connection: inout Connection) throws {
      _ = try connection.value("SELECT pg_catalog.set_config('search_path', \(value), true)")
    }
    try set("(SELECT reset_val FROM pg_catalog.pg_settings WHERE name = 'search_path')", &self)
    let value = try body(&self)
    try set("''", &self)
    return value
  }
}
