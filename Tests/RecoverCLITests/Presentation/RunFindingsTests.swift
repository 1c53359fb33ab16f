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

  @Test("the database of before is named with its end of retention, and no more once the swap is taken back")
  func databases() throws {
    let swapped: [(epoch: Int64, event: RunEvent)] = [
      (1, TestRun.step("swap", Self.intended)),
      (1, TestRun.step("swap", .succeeded(evidence: ["previous": "app_previous"]))),
      (1, TestRun.step("retire", .succeeded(evidence: ["previous": "app_previous", "kept until": "2026"]))),
    ]
    let findings = RunFindings(try TestRun.records(swapped))
    #expect(findings.previousDatabase == "app_previous")
    #expect(findings.keptUntil == "2026")
    let back =
      swapped + [
        (1, TestRun.step("swap", .undoIntended(attempt: 1))),
        (1, TestRun.step("swap", .undone(evidence: ["failedCopy": "app_failed"]))),
      ]
    let undone = RunFindings(try TestRun.records(back))
    #expect(undone.previousDatabase == nil)
    #expect(undone.keptUntil == nil)
    #expect(undone.failedDatabase == "app_failed")
    #expect(undone.took["swap"] == .seconds(1))
  }
}
