import RecoverBase
import Testing

@testable import RecoverRepository

@Suite("Retention")
struct RetentionTests {
  static func id(_ text: String) -> BackupID {
    BackupID("\(text)-r") ?? BackupID(time: WallTime(microseconds: 0), run: "?")
  }

  /// A rule, what backups there are (newest last), and which of them are kept.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var change: @Sendable (inout Retention) -> Void
    var backups: [String]
    var kept: [String]

    var testDescription: String { name }
  }

  static let hours: [String] = [
    "20261122T230000Z", "20261122T233000Z", "20261123T000000Z", "20261123T005959Z", "20261123T010000Z",
  ]
  static let days: [String] = (10...20).map { "202611\($0)T020000Z" }

  static let cases: [Case] = [
    Case(name: "the newest two", change: { $0.last = 2 }, backups: days, kept: Array(days.suffix(2))),
    Case(name: "more than there are", change: { $0.last = 99 }, backups: days, kept: days),
    Case(
      name: "the newest of each hour", change: { $0.hourly = 2 }, backups: hours,
      kept: ["20261123T005959Z", "20261123T010000Z"]),
    Case(
      name: "the newest of each day, by UTC", change: { $0.daily = 5 }, backups: hours,
      kept: ["20261122T233000Z", "20261123T010000Z"]),
    Case(
      name: "weeks begin on Monday", change: { $0.weekly = 2 },
      // 2026-11-15 is a Sunday.
      backups: ["20261114T000000Z", "20261115T235959Z", "20261116T000000Z", "20261117T000000Z"],
      kept: ["20261115T235959Z", "20261117T000000Z"]),
    Case(
      name: "a week goes over the end of a year", change: { $0.weekly = 1 },
      backups: ["20261228T000000Z", "20270103T000000Z"], kept: ["20270103T000000Z"]),
    Case(
      name: "months", change: { $0.monthly = 2 },
      backups: ["20260930T000000Z", "20261031T000000Z", "20261101T000000Z", "20261130T000000Z"],
      kept: ["20261031T000000Z", "20261130T000000Z"]),
    Case(
      name: "years without a backup do not count", change: { $0.yearly = 2 },
      backups: ["20201231T000000Z", "20240101T000000Z", "20240229T000000Z"],
      kept: ["20201231T000000Z", "20240229T000000Z"]),
    Case(
      name: "everything within", change: { $0.within = .seconds(3600 * 24) },
      backups: ["20261121T120000Z", "20261122T120000Z", "20261122T115959Z"], kept: ["20261122T120000Z"]),
    Case(
      name: "rules add up", change: { ($0.last, $0.monthly) = (1, 2) },
      backups: ["20261030T000000Z", "20261101T000000Z", "20261102T000000Z"],
      kept: ["20261030T000000Z", "20261102T000000Z"]),
    Case(
      name: "the newest is kept although no rule does", change: { $0.within = .seconds(1) }, backups: days,
      kept: ["20261120T020000Z"]),
    Case(name: "no rule keeps all", change: { _ in }, backups: days, kept: days),
  ]

  @Test("a rule keeps the newest of each of its periods", arguments: cases)
  func rules(_ example: Case) throws {
    var retention = Retention()
    example.change(&retention)
    let now = try #require(BackupID("20261123T120000Z-r")).time
    let candidates = example.backups.map { Retention.Candidate(id: Self.id($0), isVerified: false) }
    // In any order.
    for candidates in [candidates, candidates.reversed()] {
      let decisions = retention.decide(candidates, at: now)
      #expect(decisions.map(\.id) == candidates.map(\.id).sorted(by: >))
      #expect(Set(decisions.filter(\.isKept).map(\.id)) == Set(example.kept.map(Self.id)))
    }
  }

  @Test("the newest backup whose restore was proved is kept, whatever the rules say")
  func verified() throws {
    var retention = Retention()
    retention.last = 1
    let candidates = Self.days.enumerated().map { number, day in
      Retention.Candidate(id: Self.id(day), isVerified: number == 2 || number == 4)
    }
    let decisions = retention.decide(candidates, at: .now)
    #expect(
      decisions.filter(\.isKept).map(\.id) == [Self.id(Self.days[10]), Self.id(Self.days[4])])
    #expect(decisions.first { $0.id == Self.id(Self.days[4]) }?.reasons == ["the last verified"])
  }

  @Test("names of directories sort by time, and what is none is no backup")
  func names() throws {
    let time = WallTime(microseconds: 1_795_423_891_500_000)
    let id = BackupID(time: time, run: "01ng87a5pnrc")
    #expect(BackupID(id.text) == id)
    #expect(id.time <= time && id.time.compact == time.compact)
    for text in [".partial-\(id)", "20261123T065131Z", "20261323T065131Z-r", "20261123T065131Z-", "x-y", "", "a-b-c"] {
      #expect(BackupID(text) == nil, "\(text)")
    }
  }

  @Test("days are counted as the calendar does", arguments: [-800_000, -719_468, -1, 0, 59, 10_957, 11_016, 20_000])
  func calendar(_ first: Int) {
    for days in first..<(first + 800) {
      let date = CivilDate(daysSinceEpoch: days)
      #expect(date.daysSinceEpoch == days)
      let text = WallTime(microseconds: Int64(days) * 86_400_000_000).description
      guard date.year > 999 else { continue }
      let two = { (number: Int) in number < 10 ? "0\(number)" : "\(number)" }
      #expect(text.hasPrefix("\(date.year)-\(two(date.month))-\(two(date.day))T"))
    }
  }
}
