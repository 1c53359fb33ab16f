internal import RecoverBase
internal import RecoverSteps

/// What health checks gave, as a table and as JSON: pure.
enum HealthView {
  static func answer(_ outcomes: [HealthOutcome]) -> Answer {
    var table = TextTable(headings: ["CHECK", "STATE", "TOOK", "WHY"])
    for outcome in outcomes {
      let flaps = outcome.drops > 0 ? "flaps: " : ""
      table.add([
        outcome.name, state(outcome), ElapsedText.text(outcome.elapsed), flaps + (outcome.reason ?? ""),
      ])
    }
    let isHealthy = outcomes.allSatisfy(\.isHealthy)
    return Answer(
      text: table.text, rows: outcomes.map(row), status: isHealthy ? .success : .refused)
  }

  private static func state(_ outcome: HealthOutcome) -> String {
    outcome.isHealthy ? "healthy" : outcome.isUnknown ? "unknown" : "unhealthy"
  }

  private static func row(_ outcome: HealthOutcome) -> [String: JSONValue] {
    [
      "kind": "health", "check": .string(outcome.name), "state": .string(state(outcome)),
      "reason": outcome.reason.map { .string($0) } ?? .null,
      "elapsed-ms": .integer(outcome.elapsed.nanoseconds / 1_000_000), "looks": .integer(Int64(outcome.looks)),
      "drops": .integer(Int64(outcome.drops)),
    ]
  }
}
