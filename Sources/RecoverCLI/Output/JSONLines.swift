internal import RecoverBase

/// Newline-delimited JSON, as `--json` prints it: one object a line, the last one the summary.
enum JSONLines {
  /// A value on one line, keys sorted, without its newline.
  static func line(_ value: JSONValue) throws -> String { String(decoding: try value.canonicalBytes(), as: UTF8.self) }

  /// The summary of a command that ended before there was a run.
  ///
  /// - Parameter status: what the process exits with.
  static func summary(of error: RecoverError, status: ExitStatus) throws -> String {
    var members: [String: JSONValue] = [
      "kind": "summary", "state": "refused", "exit": .integer(Int64(status.rawValue)),
      "code": .string(error.code.rawValue), "message": .string(error.message),
    ]
    if let hint = error.hint { members["hint"] = .string(hint) }
    return try line(.object(members))
  }
}
