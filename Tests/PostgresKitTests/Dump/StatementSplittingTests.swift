internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import PostgresKit

@Suite("dump statements")
struct StatementSplittingTests {
  /// A rule of the lexer, and statements that are split rightly only by it; joined by line feeds they are the dump.
  struct Rule: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var statements: [String]
    init(_ name: String, _ statements: String...) {
      testDescription = name
      self.statements = statements
    }
  }

  static let rules: [Rule] = [
    Rule("a semicolon in a literal", "SELECT 'a;b';", "SELECT 2;"),
    Rule("a doubled quote", "SELECT 'it''s; ok';", "SELECT '''';", "SELECT '';"),
    Rule("a backslash is itself in a standard literal", #"SELECT 'a\';"#, #"SELECT '\\';"#, "SELECT 1;"),
    Rule("a backslash escapes in an E literal", #"SELECT E'a\';b';"#, #"SELECT e'\\';"#, #"SELECT E'\'''; ';"#),
    Rule("E is no prefix at the end of a word", #"SELECT type'a\';"#, "SELECT 1;"),
    Rule("E is no prefix right after a number", #"SELECT 1E'\';"#, "SELECT 1;"),
    Rule("bit and hexadecimal literals", #"SELECT B'01\', x'\';"#, "SELECT 1;"),
    Rule("national literals", #"SELECT N'a\', n'b;';"#, "SELECT 1;"),
    Rule("Unicode literals and names", #"SELECT U&'\0041;\' AS U&"d\0061;t""a", u&'x';"#, "SELECT 1;"),
    Rule("a literal goes on on the next line", "SELECT 'a'\n  'b;c';", "SELECT 1;"),
    Rule("an E literal goes on as one", "SELECT E'a' -- '\n  'b\\';c';", "SELECT 1;"),
    Rule("without a line feed a new literal begins", #"SELECT E'a' 'b\';"#, "SELECT 1;"),
    Rule("a semicolon in a quoted name", #"SELECT "a;b", "c""d;";"#, "SELECT 1;"),
    Rule("dollar signs in a quoted name", #"CREATE TABLE "price$$list" (a int);"#, "SELECT $$;$$;"),
    Rule("dollar quotes", "SELECT $$a;'b$$;", "SELECT $x$;$$;$y$;$x$;", "SELECT $_é1$;$_é1$;"),
    Rule("a tag inside of another is no end", "SELECT $a$ $b$ ; $a$;", "SELECT $a$$b$a$;", "SELECT $a$x$aa$;$a$;"),
    Rule("dollar signs inside of a word", "SELECT a$b$;", "SELECT c$$;", "SELECT 1 AS x$y$;"),
    Rule("parameters are no dollar quotes", "PREPARE p AS SELECT $1;", "SELECT $1$$;$$;"),
    Rule("a lone dollar sign", "SELECT 1 $ 2;", "SELECT $a;", "SELECT $1a;"),
    Rule("line comments", "SELECT 1 -- it's; \"\n;", "SELECT 2--;\n;", "SELECT 3;"),
    Rule("block comments nest", "SELECT /* ; /* ; */ ' */ 1;", "SELECT /**/ 1;", "SELECT /***/ 2 /*/ ; */ ;"),
    Rule("comments inside of operators", "SELECT 1 +-- ;\n 2;", "SELECT 1 */* ; */ 2;", "SELECT 3 - -2;"),
    Rule("semicolons in parentheses", "CREATE RULE r AS ON INSERT TO t DO ALSO (SELECT 1; SELECT ')';);", "SELECT 2;"),
    Rule("a closing parenthesis too many", "SELECT 1);", "SELECT (2);"),
    Rule("brackets do not count", "SELECT a[1;", "SELECT 2];"),
    Rule("psql's variables are text", "SELECT :a, :'b', :\"c\", x::text;", "SELECT :'d;';"),
    Rule("an empty statement", ";", "SELECT 1;", ";"),
    Rule("any case of letters", "Create Or Replace Procedure p() Begin Atomic SELECT 1; End;", "SELECT 1;"),
    Rule(
      "the body of an SQL-standard function", "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;"),
    Rule(
      "CASE in such a body",
      """
      CREATE FUNCTION public.f(a int) RETURNS int LANGUAGE sql
          BEGIN ATOMIC
       SELECT CASE WHEN a > 1 THEN CASE a WHEN 2 THEN 3 END ELSE (CASE a WHEN 1 THEN 2 END) END;
       SELECT 'END;';
      END;
      """, "SELECT CASE 1 WHEN 2 THEN 3 END;"),
    Rule(
      "BEGIN and ATOMIC apart", "CREATE OR REPLACE FUNCTION f() RETURNS void BEGIN /* x */\nATOMIC\n SELECT 1;\nEND;",
      "SELECT 1;"),
    Rule(
      "a function that is called begin",
      "CREATE FUNCTION public.begin(atomic int) RETURNS int LANGUAGE sql AS $$SELECT 1; SELECT 2$$;", "SELECT 1;"),
    Rule("BEGIN outside of functions", "BEGIN;", "SELECT 1;", "END;", "BEGIN ISOLATION LEVEL SERIALIZABLE;", "COMMIT;"),
    Rule("BEGIN ATOMIC outside of functions", "CREATE TABLE begin (atomic int);", "SELECT 1;"),
    Rule("carriage returns are space", "SELECT\r\n1;", "SELECT -- ;\r\n2;"),
    Rule("names in other scripts", "SELECT 'ü;', größe, \"日本;語\" FROM таблица;", "SELECT 1;"),
    Rule("literals over many lines", "INSERT INTO t VALUES ('a\n;\n--\n/*\n\\.\n');", "SELECT 1;"),
  ]

  @Test("statements end where psql ends them", arguments: rules)
  func split(rule: Rule) throws {
    let dump = rule.statements.joined(separator: "\n")
    let found = try ReadPieces.statements(dump)
    #expect(found == rule.statements)
    #expect(try ReadPieces.all(dump).map(\.text).joined() == dump)
  }

  @Test("standard_conforming_strings decides what a backslash is, from where it is set")
  func standardStrings() throws {
    let off = ["SET standard_conforming_strings = off;", #"SELECT 'a\';b';"#, #"SELECT b'\';"#, "SELECT 1;"]
    #expect(try ReadPieces.statements(off.joined(separator: "\n")) == off)
    for on in [
      "SET standard_conforming_strings TO 'on';", "RESET ALL;", "DISCARD ALL;", "RESET standard_conforming_strings;",
    ] {
      let statements = off + [on, #"SELECT '\';"#, "SELECT 2;"]
      #expect(try ReadPieces.statements(statements.joined(separator: "\n")) == statements)
    }
    let config = [
      "SELECT pg_catalog.set_config('standard_conforming_strings', 'off', false);", #"SELECT 'a\';b';"#,
      "SELECT set_config('standard_conforming_strings', 'on', false);", #"SELECT '\';"#,
    ]
    #expect(try ReadPieces.statements(config.joined(separator: "\n")) == config)
  }

  @Test(
    "a backslash that is half of a character is no backslash", arguments: ["SJIS", "BIG5", "GBK", "UHC", "GB18030"])
  func unsafeEncodings(encoding: String) throws {
    // 0x95 0x5C is one character in all of them.
    var dump = Array("SET client_encoding = '\(encoding)';\nSELECT E'".utf8)
    dump += [0x95, 0x5C] + Array("', E'\\'; '".utf8) + [UInt8(ascii: ","), 0x95, 0x5C] + Array(";\nSELECT 1;".utf8)
    let statements = try ReadPieces.all(dump).pieces.filter { $0.piece.kind == .statement(insertedRows: nil) }
    #expect(statements.count == 3)
  }

  @Test("pieces know their offset, their line and their rows")
  func places() throws {
    let pieces = try ReadPieces.all("-- x\n\nINSERT INTO t VALUES (1,\n2), ((3), '(');\nSELECT\n1;")
    #expect(
      pieces.map(\.piece) == [
        DumpPiece(kind: .space, offset: 0, byteCount: 6, line: 1),
        DumpPiece(kind: .statement(insertedRows: 2), offset: 6, byteCount: 40, line: 3),
        DumpPiece(kind: .space, offset: 46, byteCount: 1, line: 4),
        DumpPiece(kind: .statement(insertedRows: nil), offset: 47, byteCount: 9, line: 5),
      ])
  }

  @Test(
    "rows of INSERT are counted",
    arguments: [
      ("INSERT INTO t VALUES (1);", 1), ("insert into \"v\" (a, b) values (1, (2)), (3, 4)\n,\n(5, 6);", 3),
      ("INSERT INTO s.t DEFAULT VALUES;", 1), ("INSERT INTO t OVERRIDING SYSTEM VALUE VALUES (1), (2);", 2),
      ("INSERT INTO t (a) VALUES ('), ('), (2) ON CONFLICT (a) DO UPDATE SET (a) = (SELECT 1);", 2),
      ("INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING;", 1),
      ("INSERT INTO t SELECT * FROM (VALUES (1), (2)) x;", nil),
      ("INSERT INTO t (a) VALUES (1), (2) RETURNING (a), (b);", 2), ("VALUES (1), (2);", nil),
    ] as [(String, Int?)])
  func insertedRows(statement: String, rows: Int?) throws {
    #expect(try ReadPieces.all(statement).map(\.piece.kind) == [.statement(insertedRows: rows)])
  }

  @Test("a statement up to the limit is read, a longer one is refused with limit, line and byte")
  func limit() throws {
    var options = ReadOptions()
    options.limits.statementBytes = 200
    options.limits.bufferBytes = 64
    let space = Array("\n\n".utf8)
    let fits = Array("SELECT '\(String(repeating: "x", count: 190))';".utf8)
    #expect(fits.count == 200)
    #expect(try ReadPieces.all(space + fits, options).pieces.map(\.bytes) == [space, fits])
    let longer = Array("SELECT '\(String(repeating: "x", count: 191))';".utf8)
    let error = try #require(ReadPieces.refusal(space + longer + fits, options))
    #expect(error.code == .backupRefused)
    #expect(error.message.contains("line 3, byte 2"))
    #expect(error.message.contains("200 bytes"))
  }

  @Test(
    "what is open at the end is reported as unfinished",
    arguments: [
      "SELECT 1", "SELECT 'a", "SELECT 'a'", "SELECT $$a$", "SELECT (1;", "SELECT \"a;",
      "INSERT INTO t VALUES (1, 'a;\n",
      "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1;", "SELECT E'\\", "SELECT 1 /* ;",
    ])
  func unfinishedStatement(tail: String) throws {
    let pieces = try ReadPieces.all("SELECT 1;\n" + tail)
    #expect(pieces.last?.piece.kind == .unfinished(.statement))
    #expect(pieces.map(\.text).joined() == "SELECT 1;\n" + tail)
  }

  @Test("an open comment at the end is unfinished, an open line comment is not")
  func unfinishedComment() throws {
    #expect(try ReadPieces.all("SELECT 1; /* /* */ *").map(\.piece.kind).suffix(2) == [.space, .unfinished(.comment)])
    #expect(try ReadPieces.all("SELECT 1; --").last?.piece.kind == .space)
    #expect(try ReadPieces.all("").isEmpty)
    #expect(try ReadPieces.all("SELECT 1;\r\n-- ;'").map(\.text) == ["SELECT 1;", "\r\n-- ;'"])
  }

  @Test("a byte order mark is space, but only at the very beginning")
  func byteOrderMark() throws {
    #expect(try ReadPieces.statements("\u{FEFF}SELECT 1;\nSELECT 2;") == ["SELECT 1;", "SELECT 2;"])
    #expect(try ReadPieces.statements("\u{FEFF}--\n;\u{FEFF}SELECT 2;").count == 2)
  }

  @Test(
    "other kinds of files are refused by name",
    arguments: [
      (Array("PGDMP\u{1}\u{E}".utf8), "custom format"), ([0x1F, 0x8B, 8, 0], "gzip"),
      ([0xFF, 0xFE, 0x2D, 0], "UTF-16"),
      (Array("BZh91AY".utf8), "bzip2"), ([0x28, 0xB5, 0x2F, 0xFD], "Zstandard"), ([0x7F, 0x45, 0x4C, 0x46, 0], "NUL"),
    ] as [([UInt8], String)])
  func foreignFormats(file: [UInt8], word: String) throws {
    let error = try #require(ReadPieces.refusal(file))
    #expect(error.code == .backupRefused)
    #expect(error.message.contains(word), "\(error.message)")
  }

  @Test("a NUL byte in a statement is refused with its place")
  func nullByte() throws {
    let error = try #require(ReadPieces.refusal("SELECT 1;\nSELECT '\n\0';"))
    #expect(error.message.contains("line 3, byte 19"), "\(error.message)")
  }
}
