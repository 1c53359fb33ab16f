internal import RecoverBase
internal import Testing

@testable internal import PostgresKit

@Suite("name patterns")
struct NamePatternTests {
  @Test(
    "a pattern matches the names that pg_dump's --table matches",
    arguments: [
      ("orders", "public", "orders", true), ("orders", "sales", "orders", true),
      ("ORDERS", "public", "orders", true), ("\"ORDERS\"", "public", "orders", false),
      ("\"Orders\"", "public", "Orders", true), ("orders", "public", "orders2", false),
      ("ord*", "public", "orders", true), ("ord*", "public", "ord", true), ("*ers", "public", "orders", true),
      ("o?ders", "public", "orders", true), ("o?ders", "public", "oders", false), ("*", "x", "", true),
      ("public.orders", "public", "orders", true), ("public.orders", "sales", "orders", false),
      ("*.orders", "sales", "orders", true), ("p*.o*s", "public", "orders", true),
      ("\"a.b\"", "public", "a.b", true), ("\"a*\"", "public", "a*", true), ("\"a*\"", "public", "ab", false),
      ("\"say \"\"hi\"\"\"", "public", "say \"hi\"", true), ("a\"B\"c", "public", "aBc", true),
      ("price$$list", "public", "price$$list", true), ("?", "public", "é", true), ("été", "public", "été", true),
      ("*a*a*b", "public", "aaaaaaaaaaaaaaaaab", true), ("*a*a*b", "public", "aaaaaaaaaaaaaaaaac", false),
      ("orders", "recover_previous_01ng9r78bts3", "orders", false),
      ("ord*", "recover_failed_01ng9r78bts3_2", "orders", false),
      ("*.orders", "recover_previous_01ng9r78bts3", "orders", true),
      ("orders", "recover_previous_months", "orders", true), ("orders", "recover_side_note", "orders", true),
      ("odd name", "public", "odd name", true), ("a*b?", "public", "abab", false), ("a*b?", "public", "ababc", true),
    ])
  func match(_ pattern: String, _ schema: String, _ name: String, _ isMatch: Bool) throws {
    #expect(try NamePattern(pattern).matches(SQLName(schema: schema, name)) == isMatch)
  }

  @Test("a name without a schema matches no pattern with one")
  func withoutSchema() throws {
    #expect(try !NamePattern("public.t").matches(SQLName("t")))
    #expect(try NamePattern("t").matches(SQLName("t")))
  }

  @Test(
    "a pattern that can't be understood is refused as a mistake of the command line",
    arguments: ["", "a.b.c", ".t", "a.", "\"open", "t[0-9]", "a|b", "(a)", "a+"])
  func refused(_ pattern: String) {
    let error = #expect(throws: RecoverError.self) { try NamePattern(pattern) }
    #expect(error?.code == .usage)
    #expect(error?.hint != nil)
  }

  @Test("a pattern for schemas takes no dot")
  func schema() throws {
    #expect(try NamePattern("sal*", .schema).matches(schema: "sales"))
    #expect(throws: RecoverError.self) { try NamePattern("a.b", .schema) }
    #expect(try NamePattern("\"a.b\"", .schema).matches(schema: "a.b"))
  }

  @Test(
    "only a pattern without stars and question marks names one table",
    arguments: [("t", true), ("s.t?", false), ("*.t", false), ("\"t*\"", true)])
  func exact(_ pattern: String, _ isExact: Bool) throws {
    #expect(try NamePattern(pattern).isExact == isExact)
  }
}
