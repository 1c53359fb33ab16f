internal import PostgresKit
internal import RecoverTestSupport
internal import Testing

/// Large objects of a backup are cut where rows may stand between them.
struct LargeObjectCutterTests {
  /// The pieces of a text that comes in parts of some bytes.
  private func pieces(_ text: String, of pieceBytes: Int, by partBytes: Int) -> [LargeObjectCutter.Piece] {
    var cutter = LargeObjectCutter(pieceBytes: pieceBytes)
    var found: [LargeObjectCutter.Piece] = []
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      cutter.take(rest.prefix(partBytes)) { found.append($0) }
      rest = rest.dropFirst(partBytes)
    }
    cutter.finish { found.append($0) }
    return found
  }

  private static let text = """
    SELECT pg_catalog.lo_create('1');
    COMMENT ON LARGE OBJECT 1 IS 'it''s
    BEGIN;
    a note;
    ';

    BEGIN;

    SELECT pg_catalog.lo_open('1', 131072);
    SELECT pg_catalog.lowrite(0, '\\x0001');
    SELECT pg_catalog.lo_close(0);

    SELECT pg_catalog.lo_open('2', 131072);
    SELECT pg_catalog.lowrite(0, '\\x0203');
    SELECT pg_catalog.lowrite(0, '\\x0405');
    SELECT pg_catalog.lo_close(0);

    COMMIT;

    """

  @Test("a transaction is committed where it is cut and begun again; statements, literals and objects stay together")
  func cuts() {
    let found = pieces(Self.text, of: 1, by: 7).map { (String(decoding: $0.bytes, as: UTF8.self), $0.goesOn) }
    var units: [String] = [""]
    for (text, goesOn) in found {
      units[units.count - 1] += text
      if !goesOn { units.append("") }
    }
    #expect(
      units.filter { $0.contains { $0 != "\n" } }.map { $0.split(separator: "\n").joined(separator: "\n") } == [
        "SELECT pg_catalog.lo_create('1');",
        "COMMENT ON LARGE OBJECT 1 IS 'it''s\nBEGIN;\na note;\n';",
        """
        BEGIN;
        SELECT pg_catalog.lo_open('1', 131072);
        SELECT pg_catalog.lowrite(0, '\\x0001');
        SELECT pg_catalog.lo_close(0);
        COMMIT;
        """,
        """
        BEGIN;
        SELECT pg_catalog.lo_open('2', 131072);
        SELECT pg_catalog.lowrite(0, '\\x0203');
        SELECT pg_catalog.lowrite(0, '\\x0405');
        SELECT pg_catalog.lo_close(0);
        COMMIT;
        """,
      ])
  }

  @Test("what fits into a piece stays as pg_dump wrote it", arguments: [1, 3, 4096])
  func whole(partBytes: Int) {
    let found = pieces(Self.text, of: 1 << 20, by: partBytes)
    #expect(found.map(\.bytes) == [Array(Self.text.utf8)] && found.map(\.goesOn) == [false])
  }

  @Test("however it is cut, no statement is lost, and rows never stand in an object or in a transaction")
  func property() throws {
    try Property.check { generator in
      var (text, expected) = ("", [String]())
      func add(_ line: String) {
        text += line + "\n"
        expected.append(line)
      }
      for _ in 0..<Int.random(in: 0...2, using: &generator) {
        add("COMMENT ON LARGE OBJECT 1 IS 'a''\nSELECT pg_catalog.lo_close(0);\nb';")
      }
      for _ in 0..<Int.random(in: 0...2, using: &generator) {
        text += "BEGIN;\n\n"
        for oid in 0..<Int.random(in: 1...3, using: &generator) {
          add("SELECT pg_catalog.lo_open('\(oid)', 131072);")
          for byte in 0..<Int.random(in: 0...4, using: &generator) {
            add("SELECT pg_catalog.lowrite(0, '\\x0\(byte)');")
          }
          add("SELECT pg_catalog.lo_close(0);\n")
        }
        text += "COMMIT;\n\n"
      }
      let size = Int.random(in: 1...400, using: &generator)
      let found = pieces(text, of: size, by: Int.random(in: 1...300, using: &generator))
      var (unit, all) = ("", "")
      for piece in found {
        unit += String(decoding: piece.bytes, as: UTF8.self)
        guard !piece.goesOn else { continue }
        let lines = unit.split(separator: "\n", omittingEmptySubsequences: false)
        let opened = lines.filter { $0.contains("lo_open") }.count
        let closed = lines.filter { $0.hasPrefix("SELECT pg_catalog.lo_close") }.count
        // Each comment has the words of one more.
        let comments = lines.filter { $0.hasPrefix("COMMENT") }.count
        try Property.require(closed == opened + comments, "an object is cut: \(unit)")
        let (begun, ended) = (lines.filter { $0 == "BEGIN;" }.count, lines.filter { $0 == "COMMIT;" }.count)
        try Property.require(begun == ended, "a transaction is open behind: \(unit)")
        (all, unit) = (all + unit, "")
      }
      try Property.require(unit.isEmpty, "the last piece waits for another one")
      func statements(_ text: String) -> [Substring] {
        text.split(separator: "\n").filter { $0 != "BEGIN;" && $0 != "COMMIT;" }
      }
      try Property.require(
        statements(all) == statements(expected.joined(separator: "\n")), "lines are lost: \(all)")
    }
  }
}
