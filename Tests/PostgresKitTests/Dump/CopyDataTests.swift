internal import PostgresKit
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@Suite("dump COPY data")
struct CopyDataTests {
  private static let head = "COPY public.t (a, b) FROM stdin;"

  private static func chunks(_ dump: [UInt8], chunkBytes: Int = 256 << 10) throws -> [ReadPiece] {
    var options = ReadOptions()
    options.limits.chunkBytes = chunkBytes
    return try ReadPieces.all(dump, options).pieces.filter {
      if case .copyData = $0.piece.kind { true } else { false }
    }
  }

  @Test("data goes from the line after the statement to the line \\.")
  func ends() throws {
    let pieces = try ReadPieces.all("\(Self.head) \n1\ta;'\"$$\n\\.a\t\\\\.\n\\.\nSELECT 1;")
    #expect(
      pieces.map(\.piece.kind) == [
        .statement(insertedRows: nil), .space, .copyData(rows: 2, endsAtRow: true), .copyEnd,
        .statement(insertedRows: nil),
      ])
    #expect(pieces.map(\.text) == [Self.head, " \n", "1\ta;'\"$$\n\\.a\t\\\\.\n", "\\.\n", "SELECT 1;"])
    #expect(pieces.map(\.piece.line) == [1, 1, 2, 4, 5])
  }

  @Test("no data, a carriage return, and the end of the file are all fine", arguments: ["\\.\n", "\\.\r\n", "\\."])
  func terminators(terminator: String) throws {
    for data in ["", "1\n", "\\N\n\n"] {
      let pieces = try ReadPieces.all("\(Self.head)\n\(data)\(terminator)")
      #expect(pieces.last?.piece.kind == .copyEnd)
      #expect(pieces.last?.text == terminator)
      #expect(pieces.map(\.text).joined() == "\(Self.head)\n\(data)\(terminator)")
    }
  }

  @Test(
    "the table, its columns and the format are known while its data is read",
    arguments: [
      ("COPY t FROM stdin;", SQLName("t"), nil, .text),
      ("copy Public.\"T;\"\"x\" (\"A\", b) from STDIN;", SQLName(schema: "public", "T;\"x"), ["A", "b"], .text),
      ("COPY /* x */ t FROM stdout -- y\n;", SQLName("t"), nil, .text),
      ("COPY t FROM stdin WITH DELIMITER AS '|' NULL AS '';", SQLName("t"), nil, .textWithOptions),
      ("COPY t FROM stdin WITH (FORMAT text, FREEZE, DELIMITER ',');", SQLName("t"), nil, .textWithOptions),
      ("COPY t FROM stdin WITH (FORMAT csv);", SQLName("t"), nil, .opaque),
      ("COPY t FROM stdin (FORMAT 'csv');", SQLName("t"), nil, .opaque),
      ("COPY t FROM stdin CSV;", SQLName("t"), nil, .opaque),
      ("COPY t FROM stdin (HEADER);", SQLName("t"), nil, .opaque),
      ("COPY t FROM stdin (ENCODING 'SJIS');", SQLName("t"), nil, .opaque),
      ("COPY t FROM stdin WHERE a > 1;", SQLName("t"), nil, .opaque),
    ] as [(String, SQLName, [String]?, DumpCopy.Format)])
  func statement(text: String, table: SQLName, columns: [String]?, format: DumpCopy.Format) throws {
    let states = try ReadPieces.all(Array("--\n\(text)\n1\n2\n\\.\n".utf8)).states
    let copy = try #require(states[2].copy)
    #expect(copy.table == table)
    #expect(copy.columns == columns)
    #expect(copy.format == format)
    #expect(copy.statement.description == text)
    #expect(copy.offset == 3)
    #expect(copy.line == 2)
    #expect(states[4].copy?.rowsBefore == (format == .opaque ? 0 : 2))
    #expect(states[5].copy == nil)
  }

  @Test(
    "other forms of COPY have no data in the dump",
    arguments: [
      "COPY t TO stdout;", "COPY (SELECT 1; ) TO STDOUT;", "COPY t FROM '/tmp/x';", "COPY t FROM PROGRAM 'cat';",
      "COPY t TO PROGRAM 'cat';", "COPY \"from\" TO 'stdin';",
    ])
  func withoutData(statement: String) throws {
    #expect(try ReadPieces.statements("\(statement)\nSELECT 1;") == [statement, "SELECT 1;"])
  }

  @Test("a backslash before the line feed carries the row on to the next line")
  func escapedLineFeeds() throws {
    let data = "a\\\nb\nc\\\\\nd\\\\\\\ne\n"
    let pieces = try Self.chunks(Array("\(Self.head)\n\(data)\\.\n".utf8))
    #expect(pieces.map(\.piece.kind) == [.copyData(rows: 3, endsAtRow: true)])
    #expect(pieces.map(\.text) == [data])
  }

  @Test("the line \\. ends the data even inside of a row, as it does for psql")
  func terminatorInsideRow() throws {
    let pieces = try ReadPieces.all("\(Self.head)\na\nb\\\n\\.\nSELECT 1;")
    #expect(
      pieces.dropFirst(2).map(\.piece.kind) == [
        .copyData(rows: 1, endsAtRow: true), .copyData(rows: 0, endsAtRow: false), .copyEnd,
        .statement(insertedRows: nil),
      ])
  }

  @Test("chunks end where a row ends whenever one fits, and a long row comes in several")
  func chunks() throws {
    let rows = (0..<10).map { "\($0)\t\(String(repeating: "x", count: $0 * 5))\n" }
    let data = rows.joined()
    let pieces = try Self.chunks(Array("\(Self.head)\n\(data)\\.\n".utf8), chunkBytes: 32)
    #expect(pieces.map(\.text).joined() == data)
    for piece in pieces {
      guard case .copyData(let count, let endsAtRow) = piece.piece.kind else { continue }
      #expect(piece.bytes.count <= 32)
      #expect(count == piece.bytes.count { $0 == 10 })
      #expect(endsAtRow == piece.text.hasSuffix("\n"))
      #expect(endsAtRow || piece.bytes.count >= 31)
    }
    #expect(pieces.count == 12)
  }

  @Test("a chunk never ends between a backslash and what it escapes")
  func cutsAtEscapes() throws {
    for shift in 0..<4 {
      let row = String(repeating: "a", count: shift) + String(repeating: "\\\\", count: 40) + "\\\nb\n"
      let pieces = try Self.chunks(Array("\(Self.head)\n\(row)\\.\n".utf8), chunkBytes: 16)
      #expect(pieces.map(\.text).joined() == row)
      for piece in pieces { #expect(piece.bytes.reversed().prefix { $0 == 0x5C }.count.isMultiple(of: 2)) }
      #expect(pieces.map { if case .copyData(let rows, _) = $0.piece.kind { rows } else { 0 } }.reduce(0, +) == 1)
    }
  }

  @Test(
    "a backslash that is half of a character escapes nothing",
    arguments: ["SJIS", "BIG5", "GBK", "UHC", "GB18030", "JOHAB"])
  func unsafeEncodings(encoding: String) throws {
    let character: [UInt8] = [0x95, 0x5C]
    let data = character + [10] + character + [0x5C, 10] + character + character + [10]
    for prefix in 0..<3 {
      let shifted = [UInt8](repeating: 0x61, count: prefix) + (0..<20).flatMap { _ in character } + data
      let dump = Array("SET client_encoding TO \(encoding);\(Self.head)\n".utf8) + shifted + Array("\\.\n".utf8)
      let pieces = try Self.chunks(dump, chunkBytes: 16)
      #expect(pieces.flatMap(\.bytes) == shifted)
      #expect(pieces.map { if case .copyData(let rows, _) = $0.piece.kind { rows } else { 0 } }.reduce(0, +) == 2)
    }
  }

  @Test("data in another format is not cut at rows, and its rows are not counted")
  func opaque() throws {
    let pieces = try Self.chunks(Array("COPY t FROM stdin CSV;\n1,\"a\nb\"\n2,c\n\\.\n".utf8))
    #expect(pieces.map(\.piece.kind) == [.copyData(rows: 0, endsAtRow: false)])
  }

  @Test("data without its end is unfinished", arguments: ["", "\n", "\n1\n2", "\n1\n\\.x", "\n\\", " -- x"])
  func unfinished(tail: String) throws {
    let pieces = try ReadPieces.all(Self.head + tail)
    #expect(pieces.last?.piece.kind == .unfinished(.copyData))
    #expect(pieces.map(\.text).joined() == Self.head + tail)
  }

  @Test("text behind the COPY statement on its line is refused")
  func sameLine() throws {
    let error = try #require(ReadPieces.refusal("\n\(Self.head) SELECT 1;\n1\n\\.\n"))
    #expect(error.code == .backupRefused)
    #expect(error.message.contains("line 2, byte 34"), "\(error.message)")
    #expect(try ReadPieces.all("\(Self.head) -- data\n\\.\n").last?.piece.kind == .copyEnd)
  }

  @Test(
    "a COPY that is not understood is refused, since its data can't be found",
    arguments: [
      "COPY;", "COPY t;", "COPY t (a b) FROM stdin;", "COPY U&\"t\" UESCAPE '!' FROM PROGRAM 'id';",
      "COPY 't' FROM stdin;",
    ])
  func unknown(statement: String) throws {
    let error = try #require(ReadPieces.refusal("SELECT 1;\n\(statement)\n"))
    #expect(error.code == .backupRefused)
    #expect(error.message.contains("line 2, byte 10"))
  }

  @Test(
    "binary data is refused",
    arguments: [
      "COPY BINARY t FROM stdin;", "COPY t FROM stdin WITH BINARY;", "COPY t FROM stdin (FORMAT binary);",
      "COPY t FROM stdin (FORMAT 'binary');",
    ])
  func binary(statement: String) throws {
    #expect(ReadPieces.refusal("\(statement)\n")?.message.contains("binary") == true)
  }
}
