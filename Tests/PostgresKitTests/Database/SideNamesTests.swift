import PostgresKit
import RecoverBase
import RecoverTestSupport
import Testing

@Suite("names of a run's databases")
struct SideNamesTests {
  private let run = "01hzzzzzzzz0"

  @Test(
    "a name says the target, the role and the run",
    arguments: [
      (SideRole.side, "shop_recover_01hzzzzzzzz0"), (.previous, "shop_previous_01hzzzzzzzz0"),
      (.failed, "shop_failed_01hzzzzzzzz0"),
    ])
  func plain(role: SideRole, name: String) {
    #expect(SideNames.name(of: role, target: "shop", run: run) == name)
  }

  @Test("a name of the longest length is kept whole, one byte more is cut and carries a hash")
  func boundary() {
    let longest = String(repeating: "a", count: 63 - "_previous_01hzzzzzzzz0".utf8.count)
    #expect(SideNames.name(of: .previous, target: longest, run: run) == longest + "_previous_01hzzzzzzzz0")
    let cut = SideNames.name(of: .previous, target: longest + "b", run: run)
    #expect(cut.utf8.count == 63)
    #expect(cut.contains("~"))
    #expect(cut != SideNames.name(of: .previous, target: longest + "c", run: run))
  }

  @Test("a target that is called like a cut one gets a name of its own")
  func imitation() {
    let long = String(repeating: "x", count: 63)
    let cut = SideNames.name(of: .side, target: long, run: run)
    let imitation = String(cut.dropLast("_recover_".count + run.count))
    #expect(SideNames.name(of: .side, target: imitation, run: run) != cut)
  }

  @Test("names fit into 63 bytes, and two targets never share one")
  func property() throws {
    let alphabet = ["a", "ż", "🐘", "e\u{301}", "~", "0", "f", "_"]
    try Property.check { generator in
      let lengths = (generator.int(1...30), generator.int(1...30))
      var first = (0..<lengths.0).map { _ in generator.pick(alphabet) }.joined()
      var second = (0..<lengths.1).map { _ in generator.pick(alphabet) }.joined()
      // Often nearly the same, so that a cut that forgets the rest is found.
      if generator.chance(1, of: 2) { second = first + second }
      while first.utf8.count > 63 { first.removeLast() }
      while second.utf8.count > 63 { second.removeLast() }
      guard !first.utf8.elementsEqual(second.utf8) else { return }
      for role in SideRole.allCases {
        let names = [first, second].map { SideNames.name(of: role, target: $0, run: "01hzzzzzzzz0") }
        try Property.require(names.allSatisfy { $0.utf8.count <= 63 }, "too long: \(names)")
        try Property.require(!names[0].utf8.elementsEqual(names[1].utf8), "\(first) and \(second) share \(names[0])")
      }
    }
  }
}

@Suite("a breadcrumb")
struct BreadcrumbTests {
  private let breadcrumb = Breadcrumb(
    run: "01hzzzzzzzz0", host: "db1", plan: Digest(of: [1, 2]), role: .side, target: "sh\"op\n", liveOID: 4_000_000_000,
    state: .loading, retainUntil: WallTime(microseconds: 5), undo: "recover undo 01hzzzzzzzz0")

  @Test("is one line that reads back")
  func roundTrip() throws {
    let text = try breadcrumb.text()
    #expect(!text.contains("\n"))
    #expect(Breadcrumb(comment: text) == breadcrumb)
  }

  @Test(
    "is not seen in other comments",
    arguments: [nil, "", "the live one", "recover breadcrumb 1: {}", "recover breadcrumb 2: {}"])
  func others(comment: String?) {
    #expect(Breadcrumb(comment: comment) == nil)
  }
}
