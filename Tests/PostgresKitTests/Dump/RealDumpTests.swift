internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import PostgresKit

@Suite("dumps of pg_dump 15")
struct RealDumpTests {
  static let variants: [[String]] = [
    [], ["--inserts"], ["--column-inserts"], ["--rows-per-insert=7"], ["--create"], ["--clean", "--if-exists"],
    ["--no-owner"], ["--disable-triggers"], ["--quote-all-identifiers"], ["-s"], ["-a"], ["--create", "--clean"],
    ["--rows-per-insert=100", "--on-conflict-do-nothing"], ["--load-via-partition-root"], ["--section=pre-data"],
    ["--section=data"], ["--section=post-data"], ["-a", "--inserts", "--disable-triggers"], ["--verbose"],
    ["--no-comments", "--no-privileges"],
    ["--use-set-session-authorization"],
  ]

  private static func isSchemaOnly(_ options: [String]) -> Bool {
    options.contains("-s") || options.contains("--section=pre-data") || options.contains("--section=post-data")
  }

  @Test("the pieces of a dump are the dump, and no statement is a stranger", arguments: variants)
  func pieces(options: [String]) throws {
    let world = try DumpWorld.shared()
    let dump = try world.server.pgDump(world.everything, options: options)
    var reader = DumpReader(MemorySource(dump, largestRead: 777), named: "x.sql")
    var joined: [UInt8] = []
    var strangers: [String] = []
    while let piece = try reader.next() {
      joined += reader.text.bytes
      if case .unfinished = piece.kind { Issue.record("unfinished") }
      guard case .statement = piece.kind else { continue }
      if case .other(let verb) = reader.statement.kind { strangers.append("\(verb): \(reader.text)") }
    }
    #expect(joined == dump)
    #expect(strangers.isEmpty)
  }

  @Test("the rows that a survey counts are the rows of the database", arguments: variants)
  func rows(options: [String]) throws {
    let world = try DumpWorld.shared()
    let dump = try world.server.pgDump(world.everything, options: options)
    let survey = try DumpSurvey.of(dump)
    #expect(survey.completeness == .complete)
    #expect(survey.digest == Digest(of: dump))
    #expect(survey.byteCount == Int64(dump.count))
    #expect(survey.segments.allSatisfy { $0.tables.allSatisfy { $0.isExact } })
    let real = try world.rowCounts().filter { $0.value > 0 }
    if Self.isSchemaOnly(options) {
      #expect(survey.rowCounts.isEmpty)
    } else if options.contains("--load-via-partition-root") {
      #expect(survey.rowCounts.values.reduce(0, +) == real.values.reduce(0, +))
      #expect(survey.rowCounts[SQLName(schema: "app", "measures")] == 400)
      #expect(survey.segments[0].tables.first { $0.name.name == "measures" }?.copyBlocks ?? 0 > 1)
    } else {
      #expect(survey.rowCounts.filter { $0.value > 0 } == real)
    }
  }

  @Test("a survey knows what a dump makes and needs")
  func needs() throws {
    let world = try DumpWorld.shared()
    let survey = try DumpSurvey.of(world.server.pgDump(world.everything))
    let segment = try #require(survey.segments.first)
    #expect(survey.segments.count == 1)
    #expect(survey.content(of: "anything") == survey.segments)
    #expect(survey.origin.server?.major == 15)
    #expect(survey.origin.program?.major == 15)
    #expect(segment.encoding == "UTF8")
    #expect(segment.roles == ["everything Writer", "everything_owner", "everything_reader", "postgres"])
    #expect(segment.extensions == [SQLName(schema: "public", "hstore"), SQLName(schema: "app", "pg_trgm")])
    #expect(segment.languages.isEmpty)
    #expect(segment.tablespaces.isEmpty)
    #expect(segment.eventTriggers == ["on_drop", "on_end"])
    #expect(segment.publications.sorted() == ["all; tables", "some_tables", "whole_schema"])
    #expect(segment.subscriptions.isEmpty)
    #expect(segment.largeObjectCount == 2)
    #expect(segment.escapes.isEmpty)
    #expect(segment.hasAllObjects)
    // Every kind, but for what this server does not have and what the subscription's own test shows.
    let missing = DumpObject.Kind.allCases.filter { segment.objectCounts[$0] == nil }
    #expect(missing == [.notNullConstraint, .subscription])
    #expect(segment.objects.allSatisfy { !$0.kind.isInSchema || $0.name.schema != nil })
    #expect(segment.objects.contains(DumpObject(.table, SQLName(schema: "app", "price$$list"))))
  }

  @Test("every table, view, sequence, index and type of the database is among the objects of its dump")
  func objects() throws {
    let world = try DumpWorld.shared()
    let query = """
      SELECT c.relkind::text || chr(1) || n.nspname || chr(1) || c.relname || chr(2)
        FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
        WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND relkind IN ('r', 'p', 'v', 'm', 'f', 'i')
          AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = c.oid)
          AND NOT EXISTS (SELECT FROM pg_inherits JOIN pg_constraint ON conindid = inhparent WHERE inhrelid = c.oid)
          AND NOT EXISTS (SELECT FROM pg_depend WHERE objid = c.oid AND deptype = 'e')
      """
    let kinds: [String: DumpObject.Kind] = [
      "r": .table, "p": .table, "v": .view, "m": .materializedView, "f": .foreignTable, "i": .index,
    ]
    let survey = try DumpSurvey.of(world.server.pgDump(world.everything))
    let known = Set(survey.segments[0].objects.map { DumpObject($0.kind, $0.name) })
    let rows = try world.server.sql(query, in: world.everything).split(separator: "\u{2}")
    #expect(rows.count > 50)
    for row in rows {
      let parts = row.drop { $0 == "\n" }.split(separator: "\u{1}").map { String($0) }
      let kind = try #require(kinds[parts[0]])
      #expect(known.contains(DumpObject(kind, SQLName(schema: parts[1], parts[2]))), "\(parts)")
    }
  }

  @Test("a dump with --create names its database and what it says about it")
  func create() throws {
    let world = try DumpWorld.shared()
    let survey = try DumpSurvey.of(
      world.server.pgDump(world.everything, options: ["--create", "--clean", "--if-exists"]))
    #expect(survey.segments.map(\.database) == [nil, world.everything])
    #expect(survey.segments[0].endOffset == survey.segments[1].offset)
    #expect(survey.connectedDatabases == [world.everything])
    let database = try #require(survey.databases.first)
    #expect(survey.databases.count == 1)
    #expect(database.statements.map(\.change).contains(.create))
    #expect(database.statements.map(\.change).contains(.drop))
    #expect(database.statements.map(\.change).contains(.comment))
    #expect(database.statements.map(\.change).contains(.owner("postgres")))
    #expect(database.statements.map(\.change).contains(.privileges))
    #expect(database.statements.map(\.change).contains(.roleSetting("everything_reader")))
    #expect(database.statements.contains { $0.text.description.hasSuffix("CONNECTION LIMIT = 77;") })
    #expect(survey.segments.allSatisfy { $0.escapes.isEmpty })
    #expect(survey.content(of: world.everything).map(\.database) == [world.everything])
    #expect(survey.content(of: "other").isEmpty)
  }

  @Test("a cluster's dump is split into its databases; its roles are no escape")
  func cluster() throws {
    let world = try DumpWorld.shared()
    let dump = try world.server.pgDumpAll()
    let survey = try DumpSurvey.of(dump)
    #expect(survey.completeness == .complete)
    #expect(survey.origin.isCluster)
    #expect(survey.segments.first?.isGlobals == true)
    let databases = survey.segments.compactMap(\.database)
    #expect(Set(databases) == ["template1", "postgres", world.everything, world.other])
    #expect(databases == survey.connectedDatabases)
    #expect(survey.segments.allSatisfy { $0.escapes.isEmpty })
    #expect(try ReadPieces.all(dump).pieces.flatMap(\.bytes) == dump)
    let other = survey.content(of: world.other)
    #expect(other.flatMap(\.tables).map(\.rows) == [2])
    // A segment can be read on its own.
    let segment = try #require(other.first)
    let part = Array(dump[Int(segment.offset)..<Int(segment.endOffset)])
    #expect(part.starts(with: "\\connect ".utf8))
    #expect(try DumpSurvey.of(part).segments.last?.tables == segment.tables)
  }

  @Test("a dump of an SQL_ASCII or LATIN1 database keeps its bytes and its names", arguments: ["SQL_ASCII", "LATIN1"])
  func encodings(encoding: String) throws {
    let world = try DumpWorld.shared()
    let database = try world.server.makeDatabase(
      "encoded", options: "ENCODING '\(encoding)' LC_COLLATE 'C' LC_CTYPE 'C'")
    defer { try? world.server.dropDatabase(database) }
    try world.server.sql(
      "SET client_encoding = 'UTF8'; CREATE TABLE \"größe\" (a text); INSERT INTO \"größe\" VALUES ('ü')", in: database)
    let dump = try world.server.pgDump(database)
    let survey = try DumpSurvey.of(dump)
    #expect(survey.segments[0].encoding == encoding)
    #expect(survey.rowCounts == [SQLName(schema: "public", "größe"): 1])
    #expect(try ReadPieces.all(dump).pieces.flatMap(\.bytes) == dump)
  }

  @Test("a subscription is known by name")
  func subscription() throws {
    let text = try String(decoding: Fixtures.bytes(Fixtures.path("dumps/subscription.sql")), as: UTF8.self)
    #expect(try DumpSurvey.of(text).segments[0].subscriptions == ["some; subscription"])
  }

  @Test("a cut or changed dump never crashes the reader, and a cut one is never complete")
  func mutations() throws {
    let world = try DumpWorld.shared()
    let dumps = try [[], ["--rows-per-insert=7"], ["--create"]].map {
      try world.server.pgDump(world.everything, options: $0)
    }
    // Random places of whole dumps are nearly all data; so mutate a window and keep what is around it short.
    try Property.check { random in
      let dump = random.pick(dumps)
      let start = random.int(0...dump.count - 1)
      var window = Array(dump[start..<min(dump.count, start + random.int(1...1500))])
      for _ in 0..<random.int(0...4) where !window.isEmpty {
        let index = random.int(0...window.count - 1)
        switch random.int(0...2) {
        case 0: window[index] = UInt8(random.int(0...255))
        case 1: window.remove(at: index)
        default: window.insert(random.pick(Array("'\"$;()\\\n-/*".utf8)), at: index)
        }
      }
      var options = ReadOptions()
      options.limits.bufferBytes = random.pick([64, 4096])
      do {
        let (pieces, _) = try ReadPieces.all(window, options)
        try Property.require(pieces.flatMap(\.bytes) == window, "other bytes")
        _ = try DumpSurvey.of(window, options)
      } catch let error as RecoverError {
        try Property.require(error.code == .backupRefused, "\(error)")
      }
    }
  }

  @Test("a dump that is cut anywhere is truncated, refused, or lacks nothing but its last line's end")
  func cuts() throws {
    let world = try DumpWorld.shared()
    let dump = try world.server.pgDump(world.everything, options: ["--table=app.orders", "--table=app.no_rows"])
    // The rows themselves are all alike.
    for count in stride(from: 0, to: dump.count, by: 7) {
      do {
        let survey = try DumpSurvey.of(Array(dump.prefix(count)))
        #expect(survey.completeness != .complete || count >= dump.count - 2, "cut at \(count) of \(dump.count)")
        if count > 40 { #expect(survey.completeness != .unknown) }
      } catch let error as RecoverError {
        #expect(error.code == .backupRefused)
      }
    }
    #expect(try DumpSurvey.of(Array(dump.dropLast(2))).completeness == .complete)
  }
}
