internal import RecoverTestSupport

@testable internal import PostgresKit

/// A random dump made of fragments whose boundaries are known.
struct RandomDump {
  var bytes: [UInt8] = []
  /// What a reader has to find; chunks of data and runs of space are joined.
  var pieces: [Expected] = []
  private let isForPsql: Bool

  enum Expected: Equatable {
    case space(String)
    case statement(String, insertedRows: Int?)
    case data(String, rows: Int)
    case copyEnd(String)
    case command(DumpMetaCommand)
  }

  /// - Parameter isForPsql: leaves out `\connect`; the one form in which psql and the server disagree about where a
  ///   literal ends, one with escapes that goes on on the next line; and empty statements, after which psql 15 does
  ///   not find the end of the next COPY's data.
  init(_ random: inout SeededGenerator, fragments: Int, isForPsql: Bool = false) {
    self.isForPsql = isForPsql
    for _ in 0..<fragments {
      switch random.int(0...9) {
      case 0, 1: add(space: Self.space(&random))
      case 2, 3: add(copy: &random)
      case 4: add(insert: &random)
      case 5 where !isForPsql && random.chance(1, of: 2):
        add(restrictedBy: &random)
      case 5 where !isForPsql:
        let name = random.pick(["a", "b1", "Ünï"])
        append("\\connect \"\(name)\"\n")
        pieces.append(.command(.connect(database: name)))
      default: add(statement: statement(&random), insertedRows: nil)
      }
    }
  }

  private mutating func append(_ text: String) { bytes += Array(text.utf8) }

  private mutating func add(space: String) {
    append(space)
    if case .space(let before)? = pieces.last {
      pieces[pieces.count - 1] = .space(before + space)
    } else {
      pieces.append(.space(space))
    }
  }

  private mutating func add(statement: String, insertedRows: Int?) {
    append(statement)
    pieces.append(.statement(statement, insertedRows: insertedRows))
  }

  private mutating func add(insert random: inout SeededGenerator) {
    let rows = random.int(1...4)
    let values = (0..<rows).map { _ in "(\(tokens(&random, 1...3).replacing(";", with: "")), (1))" }
    add(statement: "INSERT INTO t VALUES \(values.joined(separator: random.pick([",", " ,\n"])));", insertedRows: rows)
  }

  private mutating func add(copy random: inout SeededGenerator) {
    add(statement: random.pick(["COPY t FROM stdin;", "copy \"A;b\" (a) from STDIN ;"]), insertedRows: nil)
    let head = random.pick(["\n", " \n", "\r\n", " -- ;\n"])
    append(head)
    pieces.append(.space(head))
    var data = ""
    let rows = random.int(0...12)
    for _ in 0..<rows {
      for _ in 0..<random.int(0...6) {
        data += random.pick([
          "1", "\\N", "\t", "'", "\\\\", "\\\n", "\\.", "$$", ";", "\\t", "x\r", "ü", "--", " \\\\\\\n",
        ])
      }
      // Nothing that psql would take for the end, and no open escape.
      data += "|\n"
    }
    data.replace("\n\\.", with: "\n_.")
    if data.hasPrefix("\\.") { data.insert("_", at: data.startIndex) }
    if !data.isEmpty {
      append(data)
      pieces.append(.data(data, rows: rows))
    }
    let end = random.pick(["\\.\n", "\\.\r\n"])
    append(end)
    pieces.append(.copyEnd(end))
  }

  /// A key as pg_dump makes it, and what may stand between it and its lifting: no other command.
  private mutating func add(restrictedBy random: inout SeededGenerator) {
    let letters = Array("abcXYZ019")
    let key = String((0..<random.int(1...63)).map { _ in random.pick(letters) })
    append("\\restrict \(key)\n")
    pieces.append(.command(.restrict(key: key)))
    for _ in 0..<random.int(0...2) { add(statement: statement(&random), insertedRows: nil) }
    let end = random.pick(["\n", "\r\n"])
    if pieces.last.map({ if case .command = $0 { false } else { true } }) == true { add(space: "\n") }
    append("\\unrestrict \(key)\(end)")
    pieces.append(.command(.unrestrict(key: key)))
  }

  private static func space(_ random: inout SeededGenerator) -> String {
    (0..<random.int(1...4)).map { _ in
      random.pick([
        " ", "\n", "\r\n", "\t", "-- ' ; $$\n", "--\n", "/* ; ' /* \" */ */", "/***/", "-- Name: t; Type: TABLE\n",
      ])
    }.joined()
  }

  /// Tokens that close whatever they open, parted so that they stay themselves.
  private func tokens(_ random: inout SeededGenerator, _ count: ClosedRange<Int>) -> String {
    (0..<random.int(count)).map { _ in
      random.pick([
        "a", "b1$c$", "'x'", "'it''s;'", "E'\\';'", "e'\\\\'", "\"q;\"\"\"", "$$;'$$", "$t$ $$ ; $t$", "$1", "1.5",
        "-1",
        "(x)", "(';')", "/* ; */", "-- ;'\n", "::text", "U&'\\0041'", "U&\"x;\"", "B'01'", "CASE", "END", "begin", "ü",
        "'a'\n'b;'", isForPsql ? "E'a'" : "E'a'\n'\\';'", "->>", "[1:2]", "a.b", ":v", "'\n\\.\n'", "日本",
      ])
    }.joined(separator: " ")
  }

  private func statement(_ random: inout SeededGenerator) -> String {
    switch random.int(0...9) {
    case 0: return isForPsql ? "SELECT 1;" : ";"
    case 1:
      return "CREATE FUNCTION f(\(tokens(&random, 0...2))) RETURNS int BEGIN ATOMIC SELECT 'x;'; SELECT CASE 1 WHEN 2 "
        + "THEN (CASE 1 WHEN 1 THEN 1 END) END; END;"
    case 2: return "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT \(tokens(&random, 0...2)); );"
    default: return "SELECT \(tokens(&random, 0...6)) ;"
    }
  }
}

extension RandomDump {
  /// What was found, with chunks of data and runs of space joined.
  static func joined(_ pieces: [ReadPiece]) -> [Expected] {
    var result: [Expected] = []
    for piece in pieces {
      switch (piece.piece.kind, result.last) {
      case (.space, .space(let before)?): result[result.count - 1] = .space(before + piece.text)
      case (.space, _): result.append(.space(piece.text))
      case (.copyData(let rows, _), .data(let before, let sum)?):
        result[result.count - 1] = .data(before + piece.text, rows: sum + rows)
      case (.copyData(let rows, _), _): result.append(.data(piece.text, rows: rows))
      case (.statement(let rows), _): result.append(.statement(piece.text, insertedRows: rows))
      case (.copyEnd, _): result.append(.copyEnd(piece.text))
      case (.metaCommand(let command), _): result.append(.command(command))
      case (.unfinished(let what), _): result.append(.space("unfinished \(what)"))
      }
    }
    return result
  }
}
