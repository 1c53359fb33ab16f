import PostgresKit
import RecoverBase
import RecoverTestSupport
import Testing

@Suite("COPY over a connection")
struct CopyTests {
  private let server: ScratchPostgres

  init() throws { server = try ScratchPostgres.shared() }

  @Test("rows written in pieces of any size arrive whole and in order")
  func inAndOut() throws {
    var connection = try Connection(server.settings())
    try connection.execute("CREATE TEMP TABLE t (i int, v text)")
    var text: [UInt8] = []
    for index in 0..<5000 { text += Array("\(index)\tvalue \(index)\n".utf8) }
    var generator = SeededGenerator(seed: SeededGenerator.runSeed)
    try connection.beginCopy("COPY t FROM STDIN")
    var start = 0
    while start < text.count {
      let end = min(text.count, start + generator.int(1...3000))
      try connection.writeCopy(text.span.extracting(start..<end))
      start = end
    }
    #expect(try connection.endCopy() == 5000)
    var read: [UInt8] = []
    let rows = try connection.copyOut("COPY t TO STDOUT") { row in
      for index in row.indices { read.append(row[index]) }
    }
    #expect(rows == 5000)
    #expect(read == text)
  }

  @Test("a row of 40 MB goes through in pieces")
  func largeRow() throws {
    var connection = try Connection(server.settings())
    try connection.execute("CREATE TEMP TABLE t (v text)")
    try connection.beginCopy("COPY t FROM STDIN")
    let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1_000_000)
    for _ in 0..<40 { try connection.writeCopy(piece.span) }
    try connection.writeCopy([UInt8(ascii: "\n")].span)
    #expect(try connection.endCopy() == 1)
    #expect(try connection.value("SELECT length(v) FROM t") == "40000000")
  }

  @Test("a bad row is an error with its line, and nothing of the COPY stays")
  func badRow() throws {
    var connection = try Connection(server.settings())
    try connection.execute("CREATE TEMP TABLE t (i int)")
    try connection.beginCopy("COPY t FROM STDIN")
    try connection.writeCopy(Array("1\nx\n3\n".utf8).span)
    let error = #expect(throws: RecoverError.self) { try connection.endCopy() }
    #expect(error?.sqlState == "22P02")
    #expect(error?.postgres?.context == "COPY t, line 2, column i: \"x\"")
    #expect(try connection.value("SELECT count(*) FROM t") == "0")
  }

  @Test("an abandoned COPY leaves no row, and the connection goes on")
  func abandoned() throws {
    var connection = try Connection(server.settings())
    try connection.execute("CREATE TEMP TABLE t (i int)")
    try connection.beginCopy("COPY t FROM STDIN")
    try connection.writeCopy(Array("1\n2\n".utf8).span)
    connection.abandonCopy("enough")
    #expect(try connection.value("SELECT count(*) FROM t") == "0")
  }

  @Test("a COPY whose table is missing is refused at its start")
  func missingTable() throws {
    var connection = try Connection(server.settings())
    let error = #expect(throws: RecoverError.self) { try connection.beginCopy("COPY nowhere FROM STDIN") }
    #expect(error?.sqlState == .undefinedTable)
    #expect(try connection.value("SELECT 1") == "1")
  }

  @Test(
    "COPY run as an ordinary statement is refused, and the connection goes on", arguments: ["FROM STDIN", "TO STDOUT"])
  func copyAsStatement(direction: String) throws {
    var connection = try Connection(server.settings())
    try connection.execute("CREATE TEMP TABLE t AS SELECT generate_series(1, 1000)")
    let error = #expect(throws: RecoverError.self) { try connection.execute("COPY t \(direction)") }
    #expect(error?.code == .bug)
    #expect(try connection.value("SELECT 1") == "1")
  }

  @Test("reading that throws ends COPY TO STDOUT")
  func readerThrows() throws {
    struct Enough: Error {}
    var connection = try Connection(server.settings())
    #expect(throws: Enough.self) {
      try connection.copyOut("COPY (SELECT generate_series(1, 100000000)) TO STDOUT") { _ in throw Enough() }
    }
    #expect(try connection.value("SELECT 1") == "1")
  }

  @Test("a server killed during COPY is a lost connection")
  func serverKilled() throws {
    let own = try ScratchPostgres()
    var connection = try Connection(own.settings())
    try connection.execute("CREATE TABLE t (v text)")
    try connection.beginCopy("COPY t FROM STDIN")
    try own.crash()
    let piece = [UInt8](repeating: UInt8(ascii: "\n"), count: 1_000_000)
    let error = #expect(throws: RecoverError.self) {
      for _ in 0..<50 { try connection.writeCopy(piece.span) }
      try connection.endCopy()
    }
    #expect(error?.code == .connectionLost)
    try own.start()
    #expect(try own.sql("SELECT count(*) FROM t") == "0")
  }
}
