import RecoverBase
import Testing

@testable import RecoverCLI

@Suite("JSON lines")
struct JSONLinesTests {
  @Test("an error becomes one line that ends the output")
  func summary() throws {
    let error = RecoverError(.policyInvalid, "e.yaml:1:1: a\ne.yaml:2:1: b", hint: "did you mean `c`?")
    #expect(
      try JSONLines.summary(of: error, status: .usage)
        == #"{"code":"policy-invalid","exit":2,"hint":"did you mean `c`?","kind":"summary","#
        + #""message":"e.yaml:1:1: a\ne.yaml:2:1: b","state":"refused"}"#)
  }

  @Test("what lower layers said is not in it, since nobody has looked it through for secrets")
  func underlying() throws {
    let error = RecoverError(.unreachable, "x", underlying: RecoverError(.bug, "canary"))
    #expect(try !JSONLines.summary(of: error, status: .failedClean).contains("canary"))
  }
}
