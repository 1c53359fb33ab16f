import RecoverBase
import Testing

@testable import RecoverCLI

@Suite("Evidence in a few words")
struct EvidenceTextTests {
  struct Row: Sendable {
    var evidence: JSONValue
    var words: String?
  }

  static let rows: [Row] = [
    Row(
      evidence: ["rows": 3000, "bytes": 1_200_000_000, "resumed": true, "remarks": ["a", "b"]],
      words: "3000 rows, 1.2 GB of SQL, went on where the last runner stopped, 2 remarks"),
    Row(evidence: ["rows": 1, "bytes": 5, "resumed": false, "remarks": []], words: "1 row, 5 B of SQL"),
    Row(evidence: ["tables": 12, "rows": 3000, "assertions": 2], words: "12 tables, 3000 rows, 2 assertions"),
    Row(evidence: ["tables": 1, "rows": 0, "assertions": 0], words: "1 table, 0 rows"),
    Row(
      evidence: ["previous": "app_previous_r", "ended": 3, "blockedNanoseconds": 5_300_000, "notes": []],
      words: "3 sessions ended, blocked for 5ms, the database of before is now app_previous_r"),
    Row(
      evidence: ["previous": "app_previous_r", "kept until": "2026-11-30T09:01:11Z"],
      words: "the database of before is now app_previous_r, kept until 2026-11-30T09:01:11Z"),
    Row(evidence: ["failedCopy": "app_failed_r"], words: "the failed copy is kept as app_failed_r"),
    Row(evidence: ["stopped": ["web", "app"]], words: "stopped web, app"),
    Row(evidence: ["started": []], words: nil),
    Row(evidence: ["hooks": ["grant"], "healthy": ["app"]], words: "ran grant, app passed"),
    Row(evidence: ["dropped": false], words: "nothing was left to drop"),
    Row(evidence: ["ended": 0], words: nil),
    Row(evidence: ["rows": "many", "something new": 1], words: nil),
    Row(evidence: .null, words: nil),
    Row(evidence: ["a", "b"], words: nil),
  ]

  @Test("known keys are told in their order, others say nothing", arguments: rows)
  func words(_ row: Row) {
    #expect(EvidenceText.words(row.evidence) == row.words)
  }

  @Test(
    "measured times have two digits or two units",
    arguments: [
      (Duration.nanoseconds(-5), "under 1ms"), (.microseconds(999), "under 1ms"), (.milliseconds(8), "8ms"),
      (.milliseconds(999), "999ms"), (.milliseconds(4790), "4.7s"), (.milliseconds(59_999), "59.9s"),
      (.seconds(130), "2m10s"), (.seconds(3905), "1h5m"), (.seconds(90_061), "1d1h1m"),
    ])
  func elapsed(_ duration: Duration, _ text: String) {
    #expect(ElapsedText.text(duration) == text)
  }
}
