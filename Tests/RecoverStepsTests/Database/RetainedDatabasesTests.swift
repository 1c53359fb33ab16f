internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import RecoverSteps

@Suite("retained databases")
struct RetainedDatabasesTests {
  private static func entry(until time: WallTime?) -> RetainedDatabases.Entry {
    RetainedDatabases.Entry(
      systemIdentifier: "1", name: "app_previous", oid: 1, run: "r", target: "app", role: "previous", retainUntil: time,
      sizeBytes: nil)
  }

  @Test("a copy may go once its retention has ended, not before; one without a retention never by itself (I8)")
  func retention() {
    let entry = Self.entry(until: Plans.time(100))
    #expect(!entry.isExpired(at: Plans.time(99)))
    #expect(entry.isExpired(at: Plans.time(100)))
    #expect(!Self.entry(until: nil).isExpired(at: Plans.time(1_000_000)))
  }
}
