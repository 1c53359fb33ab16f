import RecoverBase
import RecoverTestSupport
import Synchronization
import Testing

@testable import PostgresKit

/// Keeps what a dump writes into members.
private final class KeptMembers: DumpMemberSink, Sendable {
  struct Member: Sendable {
    var content: [UInt8]
    var parts: [DumpMemberPart]
  }

  let members = Mutex<[Member]>([])

  func write(_ content: Span<UInt8>, _ parts: [DumpMemberPart]) throws {
    let bytes = unsafe content.withUnsafeBufferPointer { unsafe Array($0) }
    members.withLock { $0.append(Member(content: bytes, parts: parts)) }
  }
}

@Suite("Dumps of a snapshot")
struct DumpSnapshotTests {
  /// What was written of each table, and the sums of it.
  private static func dump(
    _ snapshot: DumpSnapshot, jobs: Int, memberBytes: Int = 1 << 20
  ) throws -> (members: [KeptMembers.Member], sums: [String: ContentSum]) {
    let kept = KeptMembers()
    try snapshot.writeTables(jobs: jobs, memberBytes: memberBytes, Interruption()) { kept }
    let members = kept.members.withLock { $0 }
    var sums: [String: ContentSum] = [:]
    for part in members.flatMap(\.parts) {
      sums[snapshot.relations[part.table].name.description, default: ContentSum()].add(part.content)
    }
    return (members, sums)
  }

  /// Waits until so many sessions wait for an exclusive lock on a table.
  private static func waitForBlocked(_ count: Int, _ server: ScratchPostgres, in database: String) throws {
    let deadline = Deadline.after(.seconds(60))
    let waiting = """
      SELECT count(*) FROM pg_locks WHERE NOT granted AND mode = 'AccessExclusiveLock'
      AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
      """
    while try server.sql(waiting, in: database) != "\(count)" {
      try #require(!deadline.hasPassed, "not \(count) sessions wait for a lock")
    }
  }

  @Test("a TRUNCATE, an ALTER and a DROP that come while a snapshot is read take no row from it", arguments: [1, 3])
  func concurrentChanges(jobs: Int) throws {
    let server = try ScratchPostgres.shared()
    try server.withDatabase { database in
      try server.sql(
        """
        CREATE TABLE a AS SELECT generate_series(1, 1000) AS i; CREATE TABLE b AS TABLE a; CREATE TABLE c AS TABLE a;
        CREATE TABLE d AS TABLE a;
        """, in: database)
      let snapshot = try DumpSnapshot.take(try server.settings(database))
      try server.sql("INSERT INTO d SELECT generate_series(1, 50); DELETE FROM d WHERE i < 20", in: database)
      let psql = [ScratchPostgres.programs + "psql", "-qX"] + server.connectionArguments(database)
      let changes = try ["TRUNCATE a", "ALTER TABLE b ADD x int DEFAULT 7", "DROP TABLE c"].map {
        try TestProcess(psql + ["-c", $0])
      }
      try Self.waitForBlocked(3, server, in: database)
      let sums = try Self.dump(snapshot, jobs: jobs).sums
      for table in ["a", "b", "c", "d"] { #expect(sums["public.\(table)"]?.rows == 1000, "\(table)") }
      #expect(Set(sums.values).count == 1, "\(sums)")
      #expect(try snapshot.waitingSessions().count == 3)
      snapshot.release()
      for change in changes { #expect(change.wait() == 0) }
      #expect(try server.sql("SELECT count(*) FROM a", in: database) == "0")
    }
  }

  @Test("a table that is read in parts by several connections has the same rows, each once, in whole COPY blocks")
  func parts() throws {
    let server = try ScratchPostgres.shared()
    try server.withDatabase { database in
      try server.sql(
        """
        CREATE TABLE large (i int, g int GENERATED ALWAYS AS (i + 1) STORED, t text);
        INSERT INTO large (i, t) SELECT i, repeat('x', 200) || E'\\\\' || i FROM generate_series(1, 200000) AS i;
        DELETE FROM large WHERE i % 7 = 0;
        CREATE TABLE small AS SELECT generate_series(1, 10) AS i; CREATE TABLE empty (); CREATE TABLE wide ();
        INSERT INTO wide DEFAULT VALUES;
        """, in: database)
      let snapshot = try DumpSnapshot.take(try server.settings(database))
      let (alone, together) = (try Self.dump(snapshot, jobs: 1), try Self.dump(snapshot, jobs: 3))
      snapshot.release()
      #expect(alone.sums == together.sums)
      #expect(together.sums["public.large"]?.rows == 171_429)
      #expect(together.sums["public.wide"]?.rows == 1 && together.sums["public.empty"]?.rows == 0)
      #expect(together.members.flatMap(\.parts).count > 8)
      for member in together.members {
        for part in member.parts {
          let rows = member.content[part.offset..<(part.offset + part.byteCount)]
          #expect(member.content[..<part.offset].suffix(13).elementsEqual(" FROM stdin;\n".utf8))
          #expect(member.content[rows.endIndex...].starts(with: "\\.\n\n\n".utf8))
          var sum = ContentSum()
          for row in rows.split(separator: 10, omittingEmptySubsequences: false).dropLast() {
            sum.add(row: (Array(row) + [10]).span)
          }
          #expect(sum == part.content)
        }
      }
    }
  }

  @Test("tables that are made while the others are being locked are locked and read as well")
  func newTables() throws {
    let server = try ScratchPostgres.shared()
    try server.withDatabase { database in
      try server.sql("CREATE TABLE a AS SELECT 1 AS i", in: database)
      let psql = [ScratchPostgres.programs + "psql", "-qX"] + server.connectionArguments(database)
      // Holds the snapshot up at its locks, makes a table, and lets go.
      let other = try TestProcess(
        psql + [
          "-c",
          """
          DO $$ BEGIN
            LOCK TABLE a IN ACCESS EXCLUSIVE MODE;
            WHILE NOT EXISTS (SELECT FROM pg_locks WHERE NOT granted) LOOP PERFORM pg_sleep(0.01); END LOOP;
            CREATE TABLE b AS SELECT generate_series(1, 5) AS i;
          END $$
          """,
        ])
      while try server.sql(
        "SELECT count(*) FROM pg_locks WHERE relation = 'a'::regclass AND mode = 'AccessExclusiveLock' AND granted",
        in: database) == "0"
      {}
      let snapshot = try DumpSnapshot.take(try server.settings(database))
      #expect(try Self.dump(snapshot, jobs: 2).sums["public.b"]?.rows == 5)
      #expect(other.wait() == 0)
    }
  }

  @Test("a table that somebody keeps locked is named, with what to do")
  func locked() throws {
    let server = try ScratchPostgres.shared()
    try server.withDatabase { database in
      try server.sql("CREATE TABLE a AS SELECT 1 AS i", in: database)
      var other = try Connection(try server.settings(database))
      try other.execute("BEGIN; LOCK TABLE a")
      let error = #expect(throws: RecoverError.self) {
        try DumpSnapshot.take(try server.settings(database), lockTimeout: .milliseconds(50))
      }
      #expect(error?.code == .busy && error?.hint != nil)
    }
  }

  @Test("what differs from the sums is named: a changed row, one more, one that is there twice, a sequence, an object")
  func proof() throws {
    let server = try ScratchPostgres.shared()
    try server.withDatabase { database in
      try server.sql(
        """
        CREATE TABLE a AS SELECT i, 'row ' || i AS t FROM generate_series(1, 100) AS i; CREATE TABLE b AS TABLE a;
        CREATE TABLE c AS TABLE a; CREATE TABLE d AS TABLE a; CREATE SEQUENCE s; CREATE TABLE m AS SELECT 12.5::money;
        SELECT lo_from_bytea(99, decode(repeat('00ff', 30000), 'hex'));
        """, in: database)
      let settings = try server.settings(database)
      let snapshot = try DumpSnapshot.take(settings)
      let sums = try Self.dump(snapshot, jobs: 2).sums
      snapshot.release()
      var connection = try Connection(settings)
      let expectation = ContentExpectation(
        tables: Dictionary(
          uniqueKeysWithValues: snapshot.relations.filter { $0.kind == .table }.map {
            ($0.name, sums[$0.name.description] ?? ContentSum())
          }), sequences: snapshot.sequences, largeObjects: try LargeObjectSum.read(&connection),
        encoding: "UTF8", moneyLocale: snapshot.facts.moneyLocale)
      #expect(try expectation.compare(settings, jobs: 2, Interruption()).differences == [])
      try server.sql(
        """
        UPDATE a SET t = 'row 8' WHERE i = 7; INSERT INTO b VALUES (101, 'row 101');
        DELETE FROM c WHERE i = 1; INSERT INTO c SELECT * FROM c WHERE i = 2; CREATE TABLE more (); DROP TABLE d;
        SELECT nextval('s'); SELECT lo_put(99, 50000, '\\x01');
        """, in: database)
      let differences = try expectation.compare(settings, jobs: 2, Interruption()).differences
      let expected = [
        "public.a has as many rows with other", "public.b has 101", "public.c has as many", "public.more is not in",
        "public.d is missing", "sequence public.s is at 1", "1 large objects differ",
      ]
      for text in expected { #expect(differences.contains { $0.contains(text) }, "\(text): \(differences)") }
      #expect(differences.count == expected.count, "\(differences)")
    }
  }

  @Test("large objects have the same sum in pg_dump's text, however it is cut, and in the server")
  func largeObjects() throws {
    let server = try ScratchPostgres.shared()
    try server.withDatabase { database in
      try server.sql(
        """
        SELECT lo_from_bytea(i::oid, decode(repeat('ab0' || i % 10, (i - 1000) * 5461), 'hex'))
        FROM generate_series(1000, 1007) AS i; SELECT lo_create(2000); SELECT lo_put(2000, 100000, 'end of a hole');
        """, in: database)
      let text = try server.pgDump(database, options: ["--section=data"])
      var connection = try Connection(try server.settings(database))
      let found = try LargeObjectSum.read(&connection)
      #expect(found.objects == 9)
      for size in [100, 4099, text.count] {
        var sum = LargeObjectSum()
        for start in stride(from: 0, to: text.count, by: size) {
          sum.read(text[start..<min(start + size, text.count)])
        }
        #expect(sum.content == found.content && sum.objects == 9, "\(size)")
      }
    }
  }
}
