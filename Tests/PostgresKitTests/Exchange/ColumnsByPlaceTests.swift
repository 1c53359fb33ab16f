import Testing

@testable import PostgresKit

@Suite("definitions that name columns by their place")
struct ColumnsByPlaceTests {
  @Test(
    "an alias with a list of columns is found in what the server prints",
    arguments: [
      (" SELECT q.y AS a FROM public.t q(i, x, y);", true),
      (" SELECT 1 FROM public.\"T\" \"Q\"(i)", true),
      (" SELECT 1 FROM (public.t JOIN public.u ON ((t.a = u.a))) j(a, b)", true),
      (" SELECT t.a, count(*) AS n FROM public.t WHERE (t.a IN (SELECT 1)) GROUP BY t.a", false),
      (" SELECT lower(t.a) AS lower FROM public.t WHERE ((t.b)::text = ANY (ARRAY['q(x)'::text]))", false),
      ("", false),
    ])
  func found(definition: String, expected: Bool) {
    #expect(StagingRehearsal.namesColumnsByPlace(definition) == expected)
  }
}
