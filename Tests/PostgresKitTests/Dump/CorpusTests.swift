internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import PostgresKit

@Suite(
  "dumps of others",
  .enabled(if: Fixtures.hasCorpora, "the corpora are not beside the repository"))
struct CorpusTests {
  private static func dump(_ name: String) throws -> [UInt8] {
    try Fixtures.bytes(#require(Fixtures.corpus("sql/\(name)")))
  }

  @Test("their pieces are the files", arguments: ["chinook.sql", "northwind.sql"])
  func pieces(name: String) throws {
    let dump = try Self.dump(name)
    for size in [Int.max, 1000, 13] {
      var options = ReadOptions()
      options.largestRead = size
      options.limits.bufferBytes = 4096
      options.limits.chunkBytes = 512
      #expect(try ReadPieces.all(dump, options).pieces.flatMap(\.bytes) == dump)
    }
  }

  @Test("chinook: a dump of pg_dump 15.2 with COPY")
  func chinook() throws {
    let survey = try DumpSurvey.of(Self.dump("chinook.sql"))
    #expect(survey.completeness == .complete)
    #expect(survey.origin.server?.text == "15.2")
    #expect(survey.origin.program?.number == 150_002)
    let rows = Dictionary(uniqueKeysWithValues: survey.segments[0].tables.map { ($0.name.name, $0.rows) })
    #expect(
      rows == [
        "Album": 347, "Artist": 275, "Customer": 59, "Employee": 8, "Genre": 25, "Invoice": 412, "InvoiceLine": 2240,
        "MediaType": 5, "Playlist": 18, "PlaylistTrack": 8715, "Track": 3503,
      ])
    #expect(survey.segments[0].objectCounts[.foreignKey] == 11)
    #expect(survey.segments[0].roles.isEmpty)
  }

  @Test("northwind: an old dump with INSERTs, edited by hand")
  func northwind() throws {
    let survey = try DumpSurvey.of(Self.dump("northwind.sql"))
    #expect(survey.completeness == .complete)
    #expect(survey.origin.server == nil)
    let rows = Dictionary(uniqueKeysWithValues: survey.segments[0].tables.map { ($0.name.name, $0.rows) })
    #expect(
      rows == [
        "categories": 8, "customers": 91, "employees": 9, "employee_territories": 49, "order_details": 2155,
        "orders": 830, "products": 77, "region": 4, "shippers": 6, "suppliers": 29, "territories": 53, "us_states": 51,
      ])
    #expect(survey.segments[0].tables.allSatisfy { $0.name.schema == nil && $0.isExact })
  }
}
