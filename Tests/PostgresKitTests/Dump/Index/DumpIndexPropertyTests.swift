internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import PostgresKit

@Suite("dump index, random")
struct DumpIndexPropertyTests {
  private static let settings = [
    "SET search_path = '';", "SET search_path = a, b;", "SET client_encoding = 'UTF8';", "SET ROLE joe;",
    "RESET ROLE;", "SET SESSION AUTHORIZATION 'ann';", "RESET ALL;", "SET LOCAL work_mem = '1MB';",
    "SET default_tablespace = t1;", "SET standard_conforming_strings = on;",
    "SELECT pg_catalog.set_config('work_mem', '2MB', false);", "DISCARD ALL;", "BEGIN;", "COMMIT;", "ROLLBACK;",
  ]

  private static let calls = [
    "SELECT pg_catalog.lo_open('7', 131072);", "SELECT pg_catalog.lowrite(0, '\\x00');",
    "SELECT pg_catalog.lo_close(0);",
  ]

  /// A dump with more of what an index joins and counts than a ``RandomDump`` has.
  private static func dump(_ random: inout SeededGenerator) -> [UInt8] {
    var bytes: [UInt8] = []
    for _ in 0..<random.int(1...8) {
      let text: String
      switch random.int(0...6) {
      case 0, 1: text = random.pick(settings)
      case 2: text = "\nBEGIN;\n\(calls.joined(separator: "\n"))\(random.pick(["COMMIT;", "ROLLBACK;", ""]))\n"
      case 3: text = "SELECT pg_catalog.lo_create('7');\n\nALTER LARGE OBJECT 7 OWNER TO joe;\n"
      case 4:
        let table = random.pick(["t", "public.u"])
        text = (0..<random.int(1...9)).map { "INSERT INTO \(table) VALUES (\($0), '\\');\n" }.joined()
      default:
        bytes += RandomDump(&random, fragments: random.int(1...3)).bytes
        continue
      }
      bytes += Array(text.utf8)
    }
    return bytes
  }

  private struct World {
    let dump: [UInt8]
    let pieces: [ReadPiece]
    let states: [DumpReaderState]
    let index: DumpIndex
    let survey: DumpSurvey
    let options: ReadOptions

    init(_ random: inout SeededGenerator) throws {
      dump = DumpIndexPropertyTests.dump(&random)
      var options = ReadOptions()
      options.limits.chunkBytes = random.pick([16, 33, 100, 4096])
      options.limits.bufferBytes = 64
      self.options = options
      (pieces, states) = try ReadPieces.all(dump, options)
      var limits = DumpScan.Limits()
      limits.index.chunkBytes = random.pick([1, 40, 100, 10_000])
      var reader = DumpReader(MemorySource(dump), named: "x.sql", limits: options.limits)
      let scan = try DumpScan(reading: &reader, limits: limits, interruption: Interruption())
      (index, survey) = (scan.index, scan.survey)
    }

    /// The reader's state at an offset; the first one, where pieces without bytes stand there.
    func state(at offset: Int64) -> DumpReaderState? { states.first { $0.offset == offset } }

    /// What is left to read there.
    func pieces(from offset: Int64) -> [ReadPiece] { pieces.filter { $0.piece.offset >= offset } }

    /// What a session has to replay, kept statement by statement.
    func sessions() -> [Int64: SessionState] {
      var (session, atBegin) = (SessionState(), SessionState?.none)
      var result: [Int64: SessionState] = [:]
      for (piece, state) in zip(pieces, states) {
        if result[piece.piece.offset] == nil { result[piece.piece.offset] = session }
        if case .metaCommand(.connect) = piece.piece.kind { (session, atBegin) = (SessionState(), nil) }
        guard case .statement = piece.piece.kind else { continue }
        let statement = DumpStatement(piece.bytes.span, syntax: state.syntax)
        switch LoadStatement(statement, piece.bytes.span, syntax: state.syntax).role {
        case .session(let change): session.apply(change, statement: SQLText(piece.bytes))
        case .transaction(.begin): atBegin = session
        case .transaction(.commit): atBegin = nil
        case .transaction(.rollback): (session, atBegin) = (atBegin ?? session, nil)
        default: break
        }
      }
      return result
    }
  }

  @Test("entries and chunks tile the dump, with what is in force, and every cut is at the end of a row")
  func tiles() throws {
    try Property.check { random in
      let world = try World(&random)
      let sessions = world.sessions()
      var offset: Int64 = 0
      for entry in world.index.entries {
        try Property.require(entry.offset == offset && entry.byteCount > 0, "a gap before \(entry)")
        offset = entry.endOffset
        try Property.require(world.index.readerState(of: entry) == world.state(at: entry.offset), "state of \(entry)")
        let session = world.index.states[entry.state].session
        try Property.require(session == sessions[entry.offset], "session of \(entry)")
        try Self.check(entry, in: world)
      }
      try Property.require(offset == Int64(world.dump.count), "the index ends at \(offset)")
    }
  }

  private static func check(_ entry: DumpEntry, in world: World) throws {
    let pieces = world.pieces.filter { $0.piece.offset >= entry.offset && $0.piece.offset < entry.endOffset }
    let statements = pieces.filter { if case .statement = $0.piece.kind { true } else { false } }
    switch entry.content {
    case .space: try Property.require(statements.isEmpty && entry.offset == 0, "\(entry)")
    case .command, .unfinished: try Property.require(statements.isEmpty, "\(entry)")
    case .statement(let byteCount, let text):
      try Property.require(statements.count == 1 && statements[0].bytes == text?.bytes, "\(entry)")
      try Property.require(byteCount == text?.bytes.count, "\(entry)")
    case .inserts(let run):
      let rows = statements.reduce(Int64(0)) { sum, piece in
        if case .statement(let rows?) = piece.piece.kind { sum + Int64(rows) } else { sum - 1_000_000 }
      }
      try Property.require(run.statements == Int64(statements.count) && run.rows == rows, "\(entry)")
    case .largeObjects(let run):
      try Property.require(run.statements == Int64(statements.count), "\(entry)")
      if run.kind == .data {
        let (first, last) = (statements.first?.text ?? "", statements.last?.text ?? "")
        try Property.require(first == "BEGIN;" || first.hasPrefix("SELECT pg_catalog.lo_open("), "\(entry)")
        try Property.require(last == "COMMIT;" || last.hasPrefix("SELECT pg_catalog.lo_close("), "\(entry)")
      }
    case .copy(let block): try check(block, of: entry, in: world)
    }
  }

  private static func check(_ block: DumpCopyBlock, of entry: DumpEntry, in world: World) throws {
    var (offset, rows) = (block.dataOffset, Int64(0))
    for (number, chunk) in block.chunks.enumerated() {
      try Property.require(chunk.offset == offset && chunk.byteCount > 0 && chunk.rowsBefore == rows, "\(chunk)")
      (offset, rows) = (chunk.endOffset, rows + chunk.rows)
      let state = world.index.readerState(of: chunk, in: block, of: entry)
      try Property.require(state == world.state(at: chunk.offset), "state of \(chunk)")
      if number < block.chunks.count - 1 {
        try Property.require(chunk.byteCount >= Int64(world.index.chunkBytes), "too small: \(chunk)")
      }
    }
    try Property.require(offset == block.dataEndOffset && rows == block.rows, "\(block)")
    let rest = entry.endOffset - block.dataEndOffset
    try Property.require(block.endBytes >= 2 && rest >= block.endBytes, "\(block)")
    let end = world.dump[Int(block.dataEndOffset)...].prefix(block.endBytes)
    try Property.require(end.starts(with: Array("\\.".utf8)), "\(block)")
  }

  @Test("reading on from any entry, or any chunk, gives the same pieces")
  func readingOn() throws {
    try Property.check { random in
      let world = try World(&random)
      let entry = random.pick(world.index.entries)
      var state = world.index.readerState(of: entry)
      if case .copy(let block) = entry.content, !block.chunks.isEmpty, random.chance(2, of: 3) {
        state = world.index.readerState(of: random.pick(block.chunks), in: block, of: entry)
      }
      var options = world.options
      options.state = state
      let rest = try ReadPieces.all(world.dump, options).pieces
      try Property.require(rest == world.pieces(from: state.offset), "from \(state)")
      try Property.require(
        world.index.entries[world.index.indexOfEntry(at: state.offset) ?? 0] == entry, "found by \(state.offset)")
    }
  }

  @Test("rows of entries are those of the survey")
  func rows() throws {
    try Property.check { random in
      let world = try World(&random)
      let rows = world.index.entries.reduce(Int64(0)) { sum, entry in
        switch entry.content {
        case .copy(let block): sum + block.rows
        case .inserts(let run): sum + run.rows
        case .space, .statement, .command, .largeObjects, .unfinished: sum
        }
      }
      let tables = world.survey.segments.flatMap(\.tables)
      try Property.require(rows == tables.reduce(0) { $0 + $1.rows }, "\(rows) rows, \(tables)")
      try Property.require(world.index.digest == world.survey.digest, "another digest")
    }
  }

  @Test("an index is the same after its way through bytes, and damaged bytes are refused or read, never worse")
  func bytes() throws {
    try Property.check { random in
      let index = try World(&random).index
      var writer = ByteWriter()
      index.write(to: &writer)
      var reader = ByteReader(writer.bytes)
      try Property.require(try DumpIndex(from: &reader) == index && reader.isAtEnd, "another index")
      var damaged = writer.bytes
      let place = random.int(0...damaged.count - 1)
      if random.chance(1, of: 2) {
        damaged.removeLast(damaged.count - place)
      } else {
        damaged[place] ^= 1 << UInt8(random.int(0...7))
      }
      reader = ByteReader(damaged)
      do {
        _ = try DumpIndex(from: &reader)
      } catch is ByteReader.Damaged {}
    }
  }
}
