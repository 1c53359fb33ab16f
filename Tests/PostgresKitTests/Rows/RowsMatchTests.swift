internal import Testing

@testable internal import PostgresKit

@Suite("Rows and their conversions")
struct RowsMatchTests {
  @Test(
    "a conversion whose result depends on the time zone or the date style is told",
    arguments: [
      ("timestamp without time zone", "timestamp with time zone", true), ("text", "date", true),
      ("timestamp(3) with time zone", "timestamp(6) with time zone", false), ("timestamp with time zone", "text", true),
      ("time without time zone", "time with time zone", true), ("integer", "bigint", false),
      ("interval", "text", true), ("numeric(10,2)", "numeric(12,2)", false), ("date[]", "date[]", false),
    ])
  func settings(one: String, other: String, depends: Bool) {
    #expect(RowsMatch.Column.dependsOnSettings(one, other) == depends)
    #expect(RowsMatch.Column.dependsOnSettings(other, one) == depends)
  }
}
