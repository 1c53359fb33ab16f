internal import RecoverBase
internal import RecoverSteps

/// How services are, as a table with their logs below, and as JSON: pure.
enum ServicesView {
  static func answer(_ outcomes: [ServiceOutcome]) -> Answer {
    var table = TextTable(headings: ["SERVICE", "KIND", "STATE", "SEEN"])
    for outcome in outcomes { table.add([outcome.name, outcome.kind, outcome.state, outcome.detail]) }
    var lines = [table.text]
    for outcome in outcomes where !outcome.log.isEmpty {
      lines += ["", "\(outcome.name):"] + outcome.log.map { "  | \(TerminalText.safe($0))" }
    }
    return Answer(
      text: lines.joined(separator: "\n"), rows: outcomes.map(row),
      status: outcomes.allSatisfy(\.isRunning) ? .success : .refused)
  }

  private static func row(_ outcome: ServiceOutcome) -> [String: JSONValue] {
    [
      "kind": "service", "service": .string(outcome.name), "control": .string(outcome.kind),
      "state": .string(outcome.state), "detail": .string(outcome.detail),
      "log": .array(outcome.log.map { .string($0) }),
    ]
  }
}
