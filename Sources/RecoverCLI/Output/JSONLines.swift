internal import RecoverBase
internal import RecoverCore

/// Newline-delimited JSON, as `--json` prints it: one object a line, the last one the summary.
enum JSONLines {
  /// A value on one line, keys sorted, without its newline.
  static func line(_ value: JSONValue) throws -> String { String(decoding: try value.canonicalBytes(), as: UTF8.self) }

  /// The summary of a command that ended with an error.
  ///
  /// - Parameters:
  ///   - status: what the process exits with.
  ///   - place: what the commands of the hint need.
  ///   - run: the run that it was about, if there was one.
  ///   - machine: how that run stands; nil where this process did not come to record anything.
  static func summary(
    of error: RecoverError, status: ExitStatus, place: CommandPlace = CommandPlace(), run: RunID? = nil,
    machine: RunMachine? = nil
  ) throws -> String {
    var members: [String: JSONValue] = [
      "kind": "summary", "state": "refused", "exit": .integer(Int64(status.rawValue)),
      "code": .string(error.code.rawValue), "message": .string(error.message),
    ]
    if let hint = error.hint { members["hint"] = .string(place.placed(hint)) }
    if let run { members["run"] = .string(run.text) }
    if let machine {
      members["state"] = .string(machine.state.name)
      members["owed"] = .array(machine.openObligations.map { .string($0) })
    }
    return try line(.object(members))
  }
}
