internal import Clibpq

/// The result of one statement: its rows in memory, its command tag.
///
/// Rows and columns count from 0. Values are the server's text form; asking for a row or column that is not there
/// traps.
@safe package struct QueryResult: ~Copyable {
  private let handle: OpaquePointer

  /// Takes over a `PGresult`, which is cleared with this value.
  @unsafe init(owning handle: OpaquePointer) { unsafe self.handle = handle }

  deinit { unsafe PQclear(handle) }

  enum Status {
    case command
    /// Rows, of which single-row mode gives one at a time.
    case rows
    case singleRow
    case copyIn
    case copyOut
    case empty
    case failed
  }

  var status: Status {
    switch unsafe PQresultStatus(handle) {
    case PGRES_COMMAND_OK: .command
    case PGRES_TUPLES_OK: .rows
    case PGRES_SINGLE_TUPLE: .singleRow
    case PGRES_COPY_IN: .copyIn
    case PGRES_COPY_OUT: .copyOut
    case PGRES_EMPTY_QUERY: .empty
    default: .failed
    }
  }

  /// The error, or the notice, that this result is.
  var error: PostgresError { unsafe PostgresError(result: handle) }
}

extension QueryResult {
  package var rowCount: Int { unsafe Int(PQntuples(handle)) }
  package var columnCount: Int { unsafe Int(PQnfields(handle)) }
  package var isEmpty: Bool { rowCount == 0 }

  /// The columns' names in order.
  package var columns: [String] {
    (0..<columnCount).map { column in
      guard let name = unsafe PQfname(handle, Int32(column)) else { return "" }
      return unsafe String(cString: name)
    }
  }

  /// What the server says it did: `INSERT 0 3`, `CREATE TABLE`.
  package var commandTag: String {
    guard let tag = unsafe PQcmdStatus(handle) else { return "" }
    return unsafe String(cString: tag)
  }

  /// How many rows the statement touched, by its tag; nil where the tag has no number.
  package var affectedRows: Int64? {
    guard let count = unsafe PQcmdTuples(handle) else { return nil }
    return unsafe Int64(String(cString: count))
  }
}

extension QueryResult {
  /// A value as text; nil for NULL.
  package subscript(row: Int, column: Int) -> String? {
    withBytes(row, column) { bytes in
      guard let bytes else { return nil }
      return unsafe bytes.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
    }
  }

  /// A value's bytes without a copy; nil for NULL.
  package func withBytes<Value>(_ row: Int, _ column: Int, _ body: (Span<UInt8>?) throws -> Value) rethrows -> Value {
    precondition((0..<rowCount).contains(row) && (0..<columnCount).contains(column), "no such row or column")
    let (row, column) = (Int32(row), Int32(column))
    guard unsafe PQgetisnull(handle, row, column) == 0, let start = unsafe PQgetvalue(handle, row, column) else {
      return try body(nil)
    }
    let bytes = unsafe UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(handle, row, column)))
    return try body(unsafe bytes.assumingMemoryBound(to: UInt8.self).span)
  }

  /// A value as an integer; nil for NULL and for what is none.
  package func integer(_ row: Int, _ column: Int) -> Int64? { self[row, column].flatMap { Int64($0) } }

  /// A value as a truth value; nil for NULL and for what is none.
  package func boolean(_ row: Int, _ column: Int) -> Bool? {
    switch self[row, column] {
    case "t": true
    case "f": false
    default: nil
    }
  }

  /// The values of a row.
  package func row(_ row: Int) -> [String?] { (0..<columnCount).map { self[row, $0] } }

  /// The values of every row.
  package var rows: [[String?]] { (0..<rowCount).map { row($0) } }
}

extension PostgresError {
  /// Reads every field of an error or notice (`PQresultErrorField`).
  @unsafe init(result: OpaquePointer?) {
    func field(_ letter: Character) -> String? {
      guard let code = letter.asciiValue, let text = unsafe PQresultErrorField(result, Int32(code)) else { return nil }
      return unsafe String(cString: text)
    }
    var message = field("M")
    if message == nil, let text = unsafe PQresultErrorMessage(result) {
      message = Libpq.trimmed(unsafe String(cString: text))
    }
    self.init(sqlState: field("C").map { SQLState(rawValue: $0) } ?? .none, message: message ?? "")
    severity = field("V") ?? field("S") ?? "ERROR"
    detail = field("D")
    hint = field("H")
    context = field("W")
    position = field("P").flatMap { Int($0) }
    schema = field("s")
    table = field("t")
    column = field("c")
    dataType = field("d")
    constraint = field("n")
  }
}
