import RecoverBase
import RecoverCore
import RecoverPolicy
import Testing

@Suite("Errors of procedure files")
struct ProcedureErrorTests {
  @Test(
    "each mistake is reported with its place",
    arguments: [
      ("procedure: p\nsteps: []", "p.yaml:2:8: `steps` must not be empty"),
      ("procedure: p", "p.yaml:1:1: the file lacks the key `steps`"),
      ("procedure: p\nsteps: [{id: a}]", "p.yaml:2:9: `steps[0]` lacks the key `uses`"),
      ("procedure: a b\nsteps: [{id: a, uses: b}]", "p.yaml:1:12: `procedure` must be a name"),
      ("procedure: p\nsteps: [{id: a, uses: b, with: [c]}]", "p.yaml:2:32: `steps[0].with` must be a mapping"),
      (
        "procedure: p\nsteps: [{id: a, uses: b, retry: {attempts: 0}}]",
        "p.yaml:2:44: `steps[0].retry.attempts` must be a whole number from 1 to 1000"
      ),
      (
        "procedure: p\nsteps: [{id: a, uses: b, retry: {jitter: yes}}]",
        "p.yaml:2:42: `steps[0].retry.jitter` must be `true` or `false`"
      ),
      (
        "procedure: p\nsteps: [{id: a, uses: b, on-exhausted: stop}]",
        "p.yaml:2:40: `steps[0].on-exhausted` must be one of `fail`, `pause`"
      ),
      ("version: 2\nprocedure: p\nsteps: [{id: a, uses: b}]", "p.yaml:1:10: `version` must be 1"),
      (
        "apiVersion: v1\nkind: Pod",
        "p.yaml:1:1: the file is no procedure: it has neither `procedure` nor `steps`"
      ),
    ])
  func mistake(_ text: String, _ message: String) throws {
    let error = try #require(throws: RecoverError.self) { try PolicyParser.procedure(text, file: "p.yaml") }
    #expect(error.code == .policyInvalid)
    #expect(error.message == message)
  }

  @Test("lint names the place of the parameter in the file")
  func lint() throws {
    let procedure = try PolicyParser.procedure(
      "procedure: p\nsteps:\n  - id: a\n    uses: shell\n    with:\n      rnu: x\n", file: "p.yaml")
    let known = ProcedureLint.table([
      StepSignature(uses: "shell", kind: .compensable, parameters: [.init("run", .command)])
    ])
    #expect(
      ProcedureLint.check(procedure, known: known).error?.description
        == "p.yaml:6:7: `shell` has no parameter `rnu`\nhint: did you mean `run`?")
  }
}
