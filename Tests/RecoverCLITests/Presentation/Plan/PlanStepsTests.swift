import RecoverBase
import RecoverCore
import RecoverSteps
import Testing

@testable import RecoverCLI

@Suite("A plan before it is confirmed")
struct PlanStepsTests {
  /// The plan of a team's own procedure.
  static func plan(_ steps: [PlannedStep], _ policy: Policy = Policy(environment: .staging)) throws -> Plan {
    Plan(
      procedure: "own", target: Target(kind: .custom, identity: "h/own", name: "own"), environment: .staging,
      bindings: try JSONValue(encoding: CustomBindings(policy)), steps: steps)
  }

  static func step(_ uses: String, _ kind: StepKind = .compensable, _ with: [String: JSONValue] = [:]) -> PlannedStep {
    PlannedStep(id: "s", uses: uses, kind: kind, with: with, retry: .once)
  }

  static let rows: [(PlannedStep, String)] = [
    (step("shell", .compensable, ["run": "a  b"]), "1  s     run `a b`     stands: it has no undo"),
    (step("shell", .compensable, ["run": ["a", "b c"], "undo": "d"]), "1  s     run `a 'b c'`  undone by `d`"),
    (
      step("sql", .compensable, ["run": "SELECT\n 1", "database": "app"]),
      "1  s     run SQL in database app: `SELECT 1`  stands: it has no undo"
    ),
    (step("http", .readonly, ["url": "http://x/"]), "1  s     ask http://x/ and check its answer  nothing to undo"),
    (step("services.stop"), "1  s     nothing: no services are named"),
    (step("health.check", .readonly), "1  s     nothing: no health checks are named"),
    (step("made.tomorrow"), "1  s     made.tomorrow  undone"),
  ]

  @Test("shows what each step runs, and what becomes of that", arguments: rows)
  func table(_ step: PlannedStep, _ expected: String) throws {
    let line = try #require(PlanSteps.table(try Self.plan([step])).split(separator: "\n").last)
    #expect(Self.squeezed(String(line)) == Self.squeezed(expected))
  }

  @Test(
    "ages are told in two units",
    arguments: [
      (0, "0s"), (59, "59s"), (3599, "59m59s"), (3661, "1h1m"), (90_061, "1d1h"), (-5, "0s"),
    ] as [(Int64, String)])
  func age(_ seconds: Int64, _ expected: String) { #expect(AgeText.text(.seconds(seconds)) == expected) }

  private static func squeezed(_ text: String) -> String { text.split(separator: " ").joined(separator: " ") }
}
