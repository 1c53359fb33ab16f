internal import RecoverBase
internal import RecoverCore
internal import RecoverSteps

/// What each way to serve meanwhile costs: how long nobody can write or read, and which writes are lost: pure.
struct CostView {
  let bindings: DatabaseBindings
  let estimate: TimeEstimate
  /// Nil for an undo, which loads nothing.
  var report: InspectReport?

  var text: String {
    guard bindings.liveOID != nil else {
      return "how long it takes: \(time(estimate.load)); no database is closed meanwhile\n\(basis)"
    }
    guard bindings.inPlace == nil else { return inPlaceText }
    guard bindings.exchange == nil else { return tablesText }
    var table = TextTable(headings: ["--serve", "NO WRITES FOR", "NO READS FOR", "WRITES THAT ARE LOST"])
    for mode in [ServeMode.none, .readOnly, .all] {
      let whole = time(sum(estimate.load, estimate.swap))
      let swap = time(estimate.swap)
      let mark = mode == bindings.serve ? " *" : ""
      table.add([
        mode.rawValue + mark, mode == .all ? swap : whole, mode == .none ? whole : swap,
        mode == .all ? "those since the backup, and \(writesMeanwhile)" : "those since the backup",
      ])
    }
    return "\(table.text)\n* as planned. \(basis)\nwhat is lost stays in the previous database until its retention ends"
  }

  /// In place there is no choice: the live database is read-only while it is dumped, and then it is gone.
  private var inPlaceText: String {
    let whole = time(sum(estimate.load, estimate.swap))
    return "nobody can write while the safety dump is made, nor read from the drop on: for \(whole) after the dump.\n"
      + "\(basis)\nwrites since the backup are in the safety dump alone"
  }

  /// Of single tables: nothing is closed.
  private var tablesText: String {
    guard bindings.exchange?.rows == nil else {
      return "nothing is closed or stopped: the rows are inserted by one transaction, in sight of nobody until its end"
    }
    return
      "nothing is closed or stopped: the tables are locked for the exchange alone, which checks the foreign keys.\n"
      + "what was written to them since the backup, and until the exchange, stays in the replaced tables"
  }

  /// For the undo, which closes the live database for the swap alone.
  var undoText: String {
    guard bindings.exchange?.rows == nil else { return "nothing is closed: the rows are deleted by one transaction" }
    guard bindings.exchange == nil else { return "nothing is closed: the tables are locked for the exchange alone" }
    return "the live database is closed for \(time(estimate.swap)). \(swapBasis)"
  }

  /// A line of `--json`: times in milliseconds, left out where nobody knows.
  var row: [String: JSONValue] {
    var row: [String: JSONValue] = [
      "kind": "estimate", "serve": .string(bindings.serve.rawValue), "loads": .integer(Int64(estimate.loadCount)),
      "swaps": .integer(Int64(estimate.swapCount)),
    ]
    if let load = estimate.load { row["load-ms"] = .integer(load.nanoseconds / 1_000_000) }
    if let swap = estimate.swap { row["swap-ms"] = .integer(swap.nanoseconds / 1_000_000) }
    return row
  }

  /// `about 4m10s`, or that nobody knows.
  private func time(_ duration: Duration?) -> String {
    duration.map { "about \(ElapsedText.text($0))" } ?? "unknown"
  }

  private func sum(_ first: Duration?, _ second: Duration?) -> Duration? {
    guard let first, let second else { return nil }
    return first + second
  }

  /// Where the times are from.
  private var basis: String {
    var parts: [String] = []
    if estimate.loadCount > 0, let rate = estimate.bytesPerSecond {
      let loads = estimate.loadCount == 1 ? "1 load" : "\(estimate.loadCount) loads"
      parts.append("Load times are from \(loads) on this machine, the last one at \(ByteCount(Int64(rate)))/s.")
    } else {
      let read = report?.readMilliseconds.map { ElapsedText.text(.milliseconds($0)) }
      parts.append(
        "No load of this size is in the history yet: its time is unknown"
          + (read.map { "; reading the backup alone took \($0)." } ?? "."))
    }
    if bindings.liveOID != nil { parts.append(swapBasis) }
    return parts.joined(separator: " ")
  }

  private var swapBasis: String {
    guard estimate.swap != nil else {
      return "No run of this database is in the history yet: how long its services stop for the swap is unknown."
    }
    guard estimate.swapCount > 0 else { return "" }
    return
      "Stopping, swapping and starting took that long in \(estimate.swapCount == 1 ? "1 run" : "\(estimate.swapCount) runs")."
  }

  /// What `--serve all` loses beyond the backup's age.
  private var writesMeanwhile: String {
    guard let writes = report?.recentWrites, writes.milliseconds > 0 else {
      return "those during the load (not measured)"
    }
    guard let load = estimate.load else {
      return
        "those during the load (now \(writes.rows) rows in \(ElapsedText.text(.milliseconds(writes.milliseconds))))"
    }
    let rows = (Double(writes.rows) * load.seconds * 1000 / Double(writes.milliseconds)).rounded(.up)
    return "about \(Int64(min(rows, 1e15))) rows during the load, at the rate of now"
  }
}
