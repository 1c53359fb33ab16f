internal import RecoverBase

/// The record of the tasks of a parallel load, beside ``LoadLedger``: a row a transaction, inserted by that transaction.
///
/// A task is known by the byte of the dump at which it begins, which no other task has; the first row, of no task, says
/// by which rules the dump was cut into tasks. As in the ledger, rows are only inserted, and all text is ASCII.
enum TaskLedger {
  /// The task of the row that tells the rules.
  private static let layoutTask: Int64 = -1

  static func create(_ layout: String) -> String {
    """
    CREATE TABLE recover_ledger.tasks (
      task bigint NOT NULL, sequence bigint NOT NULL, offset_bytes bigint NOT NULL, is_done boolean NOT NULL,
      position text NOT NULL, counts text, PRIMARY KEY (task, sequence)
    );
    GRANT SELECT, INSERT ON recover_ledger.tasks TO PUBLIC;
    INSERT INTO recover_ledger.tasks VALUES (\(layoutTask), 0, 0, true, \(Quoting.literal(layout)), NULL)
    """
  }

  /// The row of a transaction of a task.
  static func insert(
    _ task: Int64, _ position: LoadPosition, isDone: Bool, rows: [LoadedRows] = []
  ) throws -> String {
    let values = [
      String(task), String(position.sequence), String(position.reader.offset), String(isDone),
      try LoadLedger.literal(TaskPosition(position)), try LoadLedger.literal(rows.isEmpty ? nil : rows),
    ]
    return "INSERT INTO recover_ledger.tasks VALUES (" + values.joined(separator: ", ") + ")"
  }
}

/// Where a task goes on.
private struct TaskPosition: Codable {
  var reader: DumpReaderState
  var session: SessionState
  var isPending: Bool

  init(_ position: LoadPosition) {
    (reader, session, isPending) = (position.reader, position.session, position.isPending)
  }
}

extension TaskLedger {
  /// What the record says.
  struct Record: Sendable {
    /// By which rules the dump was cut; nil before there are tasks.
    var layout: String?
    /// The tasks that are done, by where they begin.
    var done: Set<Int64> = []
    /// Where the tasks that were begun go on.
    var begun: [Int64: LoadPosition] = [:]
    var rows: [SQLName: Int64] = [:]
    /// How many transactions were recorded.
    var transactions: Int64 = 0
  }

  static func exists(_ connection: inout Connection) throws -> Bool {
    try connection.value("SELECT pg_catalog.to_regclass('recover_ledger.tasks')") != nil
  }

  static func read(_ connection: inout Connection) throws -> Record {
    var record = Record()
    guard try exists(&connection) else { return record }
    var problem: (any Error)?
    try connection.stream(
      "SELECT task, sequence, is_done, position, counts FROM recover_ledger.tasks ORDER BY task, sequence"
    ) { row in
      do {
        try record.add(row)
      } catch { problem = error }
    }
    if let problem { throw problem }
    return record
  }
}

extension TaskLedger.Record {
  fileprivate mutating func add(_ row: borrowing QueryResult) throws {
    guard let task = row.integer(0, 0), let sequence = row.integer(0, 1) else { return }
    guard task >= 0 else {
      layout = row[0, 3]
      return
    }
    transactions += 1
    if let text = row[0, 4] {
      let counts: [LoadedRows] = try LoadLedger.decode(text)
      for count in counts { rows[count.table, default: 0] += count.rows }
    }
    if row.boolean(0, 2) == true {
      done.insert(task)
      begun[task] = nil
    } else {
      let place: TaskPosition = try LoadLedger.decode(row[0, 3])
      var position = LoadPosition(sequence: sequence)
      (position.reader, position.session, position.isPending) = (place.reader, place.session, place.isPending)
      begun[task] = position
    }
  }
}
