internal import FoundationEssentials
internal import RecoverBase

/// The load's own record, inside of the database that is loaded: one row a transaction, inserted by that
/// transaction, so that the record and the work are one.
///
/// Rows are only ever inserted: a publication of all tables refuses other changes where it lacks a key. The row with
/// the highest number says where to go on. Any role may insert, since a dump changes roles; the schema goes in the
/// transaction that finishes the load. All its text is ASCII, so that no client encoding that the dump sets
/// changes it.
enum LoadLedger {
  static let schema = "recover_ledger"

  /// What serialises loaders of one database: an advisory lock of the session.
  static let lockKey: Int64 = 0x7265_636f_7665_7231

  static let create = """
    CREATE SCHEMA recover_ledger;
    CREATE TABLE recover_ledger.progress (
      sequence bigint PRIMARY KEY, offset_bytes bigint NOT NULL, line bigint NOT NULL, reader text NOT NULL,
      session text, counts text, draws text, is_pending boolean NOT NULL, session_bound_line bigint, identity text
    );
    GRANT USAGE ON SCHEMA recover_ledger TO PUBLIC;
    GRANT SELECT, INSERT ON recover_ledger.progress TO PUBLIC;
    """

  /// The row of a position.
  ///
  /// - Parameters:
  ///   - withSession: whether the session's state is written; a row without it means that of the row before.
  ///   - rows: what this transaction loaded.
  ///   - draws: what is written of the places of the sequences, which no rollback takes back.
  ///   - identity: in the first row, what the dump is.
  static func insert(
    _ position: LoadPosition, withSession: Bool, rows: [LoadedRows] = [], draws: Draws, identity: String? = nil
  ) throws -> String {
    let values: [String] = [
      String(position.sequence), String(position.reader.offset), String(position.reader.line),
      try literal(position.reader), try literal(withSession ? position.session : nil),
      try literal(rows.isEmpty ? nil : rows), draws.expression, String(position.isPending),
      position.sessionBoundLine.map(String.init) ?? "NULL", identity.map(Quoting.literal) ?? "NULL",
    ]
    return "INSERT INTO recover_ledger.progress VALUES (" + values.joined(separator: ", ") + ")"
  }

  enum Draws {
    /// Nothing: they are where the row before it left them.
    case asBefore
    case now
    /// Nothing is known of them from here on, and they are left as they are.
    case unknown

    fileprivate var expression: String {
      switch self {
      case .asBefore: "NULL"
      case .now: LoadLedger.drawnNow
      case .unknown: "'\(SequenceDraws.unknown)'"
      }
    }
  }

  /// `oid:last value` of every sequence that was drawn from, `oid:?` where the role may not look.
  ///
  /// Without operators and casts of names that a dump could define anew.
  fileprivate static let drawnNow = """
    (SELECT COALESCE(pg_catalog.string_agg(
        CASE WHEN readable THEN pg_catalog.format('%s:%s', seqrelid, last) ELSE pg_catalog.format('%s:?', seqrelid) END,
        ','), '')
      FROM (SELECT seqrelid, readable, CASE WHEN readable THEN pg_catalog.pg_sequence_last_value(seqrelid) END AS last
        FROM (SELECT seqrelid, pg_catalog.has_sequence_privilege(seqrelid, 'USAGE, SELECT') AS readable
          FROM pg_catalog.pg_sequence) AS known) AS drawn
      WHERE last IS NOT NULL OR NOT readable)
    """

  /// A value as JSON in a string constant; NULL for nil.
  static func literal(_ value: (some Encodable)?) throws -> String {
    guard let value else { return "NULL" }
    return Quoting.literal(try ascii(value))
  }

  /// JSON in ASCII: every other character as `\\uXXXX`.
  static func ascii(_ value: some Encodable) throws -> String {
    var text = ""
    for unit in String(decoding: try JSONValue.canonicalBytes(of: value), as: UTF8.self).utf16 {
      if unit < 0x80, let scalar = Unicode.Scalar(unit) {
        text.unicodeScalars.append(scalar)
      } else {
        let digits = String(unit, radix: 16)
        text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      }
    }
    return text
  }
}

extension LoadLedger {
  /// What the ledger of a database says.
  struct Record {
    var position: LoadPosition
    var identity: String
    var rows: [SQLName: Int64]
  }

  static func exists(_ connection: inout Connection) throws -> Bool {
    try connection.value("SELECT pg_catalog.to_regclass('recover_ledger.progress')") != nil
  }

  /// Reads the newest position, and adds up the rows.
  static func read(_ connection: inout Connection) throws -> Record {
    let newest = try connection.query(
      """
      SELECT sequence, reader, is_pending, session_bound_line,
        (SELECT session FROM recover_ledger.progress WHERE session IS NOT NULL ORDER BY sequence DESC LIMIT 1),
        (SELECT identity FROM recover_ledger.progress WHERE sequence = 0)
      FROM recover_ledger.progress ORDER BY sequence DESC LIMIT 1
      """)
    guard !newest.isEmpty, let sequence = newest.integer(0, 0) else { throw damaged("it has no row") }
    var position = LoadPosition(sequence: sequence)
    position.reader = try decode(newest[0, 1])
    position.session = try decode(newest[0, 4])
    position.isPending = newest.boolean(0, 2) ?? false
    position.sessionBoundLine = newest.integer(0, 3)
    let identity = newest[0, 5] ?? ""
    var rows: [SQLName: Int64] = [:]
    var problem: (any Error)?
    try connection.stream("SELECT counts FROM recover_ledger.progress WHERE counts IS NOT NULL") { row in
      do {
        let counts: [LoadedRows] = try decode(row[0, 0])
        for count in counts { rows[count.table, default: 0] += count.rows }
      } catch { problem = error }
    }
    if let problem { throw problem }
    return Record(position: position, identity: identity, rows: rows)
  }

  /// The places of the sequences at the newest commit that could have moved any, for ``SequenceDraws``.
  static func draws(_ connection: inout Connection) throws -> String? {
    try connection.value(
      "SELECT draws FROM recover_ledger.progress WHERE draws IS NOT NULL ORDER BY sequence DESC LIMIT 1")
  }

  static func decode<Value: Decodable>(_ text: String?) throws -> Value {
    guard let text else { throw damaged("a value is missing") }
    do {
      return try JSONValue.decode(Value.self, from: Array(text.utf8))
    } catch {
      throw damaged("\(error)")
    }
  }

  private static func damaged(_ why: String) -> RecoverError {
    RecoverError(
      .stepFailed, "the load's record in schema \(schema) can't be read: \(why)",
      hint: "drop the half-loaded database and load it anew")
  }
}

/// Puts sequences back to where they stood at a commit: what a lost transaction drew from them is not rolled back.
enum SequenceDraws {
  /// Stands for any places.
  static let unknown = "any"

  /// - Parameter recorded: the ledger's text; nil and ``unknown`` do nothing.
  static func restore(_ recorded: String?, _ connection: inout Connection) throws {
    guard let recorded, recorded != unknown else { return }
    var expected: [String: String] = [:]
    for pair in recorded.split(separator: ",") {
      let parts = pair.split(separator: ":", maxSplits: 1)
      if parts.count == 2 { expected[String(parts[0])] = String(parts[1]) }
    }
    let now = try connection.rows(
      """
      SELECT seqrelid, seqstart, pg_catalog.pg_sequence_last_value(seqrelid) FROM pg_catalog.pg_sequence
      WHERE pg_catalog.has_sequence_privilege(seqrelid, 'USAGE, SELECT, UPDATE')
      """)
    for row in now {
      guard let sequence = row[0], let start = row[1] else { continue }
      let wanted = expected[sequence]
      guard wanted != row[2], wanted != "?" else { continue }
      _ = try connection.query(
        "SELECT pg_catalog.setval($1::oid::regclass, $2::bigint, $3::boolean)",
        [sequence, wanted ?? start, wanted == nil ? "false" : "true"])
    }
  }
}
