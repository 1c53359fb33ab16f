import RecoverBase
import RecoverCore
import Testing

@testable import RecoverCLI

@Suite("What a run leaves behind")
struct RunRemainsTests {
  static let intended = StepEvent.intended(attempt: 1, snapshot: nil, isRepair: false)

  static func done(_ step: String, _ evidence: JSONValue) -> [RunEvent] {
    [
      TestRun.step(step, .guarded(skip: nil)), TestRun.step(step, intended),
      TestRun.step(step, .succeeded(evidence: evidence)),
    ]
  }

  static let swapped: [RunEvent] =
    [.started(confirmedBy: "x")] + done("load", .null) + done("swap", ["previous": "app_previous"])

  @Test("the database of before is named with its end of retention")
  func previous() throws {
    let retired = Self.swapped + Self.done("accept", ["previous": "app_previous", "kept until": "2026"])
    let remains = RunRemains(try TestRun.machine(retired))
    #expect(remains.previousDatabase == "app_previous")
    #expect(remains.keptUntil == "2026")
    #expect(remains.isClean)
    #expect(remains.words == ["the database of before is app_previous, kept until 2026"])
  }

  @Test("once the swap is taken back, the copy that failed is named in its place")
  func failed() throws {
    let back =
      Self.swapped + [
        .failing(cause: Cause(code: .checkFailed, message: "m"), pivotDisproved: false),
        TestRun.step("swap", .undoIntended(attempt: 1)),
        TestRun.step("swap", .undone(evidence: ["failedCopy": "app_failed", "kept until": "2026"])),
      ]
    let remains = RunRemains(try TestRun.machine(back))
    #expect(remains.previousDatabase == nil)
    #expect(remains.keptUntil == nil)
    #expect(remains.words == ["the restored copy is kept as app_failed until 2026"])
  }
}
