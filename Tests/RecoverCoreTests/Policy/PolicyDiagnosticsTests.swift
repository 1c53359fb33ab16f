import RecoverBase
import RecoverCore
import Testing

@Suite("Policy diagnostics")
struct PolicyDiagnosticsTests {
  private func place(_ line: Int) -> Place { Place(file: "e.yaml", line: line, column: 1) }

  @Test("the error names the first in reading order and lists the others with their hints")
  func listed() throws {
    let diagnostics = PolicyDiagnostics([
      PolicyDiagnostic(place: place(9), message: "late", hint: "do this"),
      PolicyDiagnostic(place: place(2), message: "early", hint: "do that"),
      PolicyDiagnostic(place: place(9), message: "late", hint: "do this"),
      PolicyDiagnostic(place: place(10), message: "last"),
    ])
    let error = try #require(diagnostics.error)
    #expect(error.code == .policyInvalid)
    #expect(error.message == "e.yaml:2:1: early\ne.yaml:9:1: late (do this)\ne.yaml:10:1: last")
    #expect(error.hint == "do that")
  }

  @Test("nothing found is no error")
  func none() throws {
    #expect(PolicyDiagnostics([]).error == nil)
    try PolicyDiagnostics([]).throwIfAny()
  }

  @Test("an unknown name is a usage error with the nearest name or the whole list")
  func lookup() throws {
    let policy = Policy(databases: ["reflexion": DatabasePolicy(url: "postgres://h/d")])
    #expect(try policy.database(named: "reflexion").url == "postgres://h/d")
    let near = #expect(throws: RecoverError.self) { try policy.database(named: "reflexon") }
    #expect(near?.code == .usage)
    #expect(near?.hint == "did you mean `reflexion`?")
    let far = #expect(throws: RecoverError.self) { try policy.service(named: "app") }
    #expect(far?.description == "no service `app` in the policy\nhint: the policy names none")
  }
}
