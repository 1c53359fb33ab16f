internal import RecoverBase

/// What a command that performs no run answers: a text for people, or lines of JSON that end in a summary.
struct Answer {
  /// For people.
  var text: String
  /// One line of JSON each.
  var rows: [[String: JSONValue]] = []
  var status = ExitStatus.success

  /// The output as lines; an empty text is no line.
  func lines(isJSON: Bool) throws -> [String] {
    guard isJSON else { return try beginning(isJSON: false) }
    var summary: [String: JSONValue] = [
      "kind": "summary", "state": "done", "exit": .integer(Int64(status.rawValue)),
    ]
    if rows.isEmpty, !text.isEmpty { summary["message"] = .string(text) }
    return try beginning(isJSON: true) + [JSONLines.line(.object(summary))]
  }

  /// The lines without the summary: more is to follow.
  private func beginning(isJSON: Bool) throws -> [String] {
    if isJSON { return try rows.map { try JSONLines.line(.object($0)) } }
    return text.isEmpty ? [] : [text]
  }

  /// Prints all but the summary: another answer follows.
  func writeBeginning(_ global: GlobalOptions) throws {
    for line in try beginning(isJSON: global.json) { StandardOutput.write(line) }
  }

  /// Prints the answer.
  ///
  /// - Returns: the exit status.
  func write(_ global: GlobalOptions) throws -> ExitStatus {
    for line in try lines(isJSON: global.json) { StandardOutput.write(line) }
    return status
  }
}
