import RecoverBase
import RecoverCore
import Testing

@testable import RecoverCLI

@Suite("The command that does what a plan says")
struct CopiedCommandTests {
  static let rows: [([String], Environment, String)] = [
    (["db", "--from", "b.sql", "--plan"], .staging, "recover db --from b.sql --expect-plan HASH --yes"),
    (
      ["db", "--from", "b c.sql", "--plan"], .production, "recover db --from 'b c.sql' --expect-plan HASH --confirm app"
    ),
    (
      ["db", "--plan", "--expect-plan", "0123", "--from", "-", "--yes", "--state", "s"], .staging,
      "... | recover db --from - --state s --expect-plan HASH --yes"
    ),
    (
      ["db", "--from", "b", "--database", "postgres://u:hush@h/d", "--plan", "--confirm=x"], .staging,
      "recover db --from b --database postgres://u:PASSWORD@h/d --expect-plan HASH --yes"
    ),
  ]

  @Test("is bound to the plan, confirmed, and without a password", arguments: rows)
  func confirmed(_ arguments: [String], _ environment: Environment, _ expected: String) throws {
    var plan = TestRun.plan()
    plan.environment = environment
    let hash = try plan.hash()
    let command = CopiedCommand.confirmed(arguments, plan: plan, expecting: ExpectedPlan(hash, names: nil))
    #expect(command == expected.replacing("HASH", with: hash.short))
  }
}
