import RecoverBase
import RecoverCore
import Testing

@testable import RecoverCLI

@Suite("What a journal tells about a run")
struct RunFindingsTests {
  static let intended = StepEvent.intended(attempt: 1, snapshot: nil, isRepair: false)

  @Test("times are measured from an intent to its end, within one epoch")
  func times() throws {
    let findings = RunFindings(
      try TestRun.records([
        (1, TestRun.step("load", Self.intended)), (1, .checkpoint(step: "load", name: "ledger", value: 1)),
        (1, TestRun.step("load", .succeeded(evidence: ["rows": 5]))), (1, TestRun.step("swap", Self.intended)),
        (2, .resumed(by: "x", grant: false)), (2, TestRun.step("swap", .succeeded(evidence: .null))),
      ]))
    #expect(findings.took == ["load": .seconds(2)])
    #expect(findings.evidence["load"]?["rows"] == 5)
  }
}
