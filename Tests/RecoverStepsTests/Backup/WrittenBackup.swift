internal import ArchiveKit
internal import RecoverBase
internal import RecoverRepository
internal import RecoverTestSupport

@testable internal import PostgresKit
@testable internal import RecoverSteps

/// A backup that was written as `recover backup db` writes one, without a server: two tables whose rows take turns, and
/// large objects.
struct WrittenBackup {
  let directory: String
  private(set) var manifest: BackupManifest

  static let front =
    "SET client_encoding = 'UTF8';\nCREATE TABLE public.a (i integer);\nCREATE TABLE public.b (i integer);\n"
  static let largeObjects = "SELECT pg_catalog.lo_create('1');\n"
  static let end = "CREATE INDEX x ON public.a USING btree (i);\n--\n-- PostgreSQL database dump complete\n--\n"

  /// One member of rows.
  static func rows(_ table: String, _ range: Range<Int>) -> (head: String, rows: [String]) {
    ("COPY public.\(table) (i) FROM stdin;\n", range.map { "\($0)\n" })
  }

  static let blocks = [
    (0, rows("a", 0..<50)), (1, rows("b", 0..<70)), (1, rows("b", 70..<80)), (0, rows("a", 50..<60)),
  ]

  /// The lines of the dump.
  static var text: String {
    func text(_ block: (Int, (head: String, rows: [String]))) -> String {
      block.1.head + block.1.rows.joined() + "\\.\n\n\n"
    }
    return front + blocks.prefix(2).map(text).joined() + largeObjects + blocks.dropFirst(2).map(text).joined() + end
  }

  /// - Parameter directory: is there, and empty.
  init(in directory: String) throws {
    self.directory = directory
    let file = try DumpFile(directory: directory, name: "d.sql.gz", tables: 2)
    func writer(ofLargeObjects: Bool = false) throws -> MemberWriter {
      MemberWriter(
        file, try GzipCodec.zlib.makeCompressor(level: 6), places: [0, 1], isOfLargeObjects: ofLargeObjects)
    }
    func write(_ block: (Int, (head: String, rows: [String]))) throws {
      let (table, (head, rows)) = block
      var sum = ContentSum()
      for row in rows { sum.add(row: Array(row.utf8).span) }
      let part = DumpMemberPart(
        table: table, offset: head.utf8.count, byteCount: rows.joined().utf8.count, content: sum)
      try writer().write(Array((head + rows.joined() + "\\.\n\n\n").utf8).span, [part])
    }
    try writer().write(Array(Self.front.utf8).span, [])
    for block in Self.blocks.prefix(2) { try write(block) }
    try writer(ofLargeObjects: true).write(Array(Self.largeObjects.utf8).span, [])
    for block in Self.blocks.dropFirst(2) { try write(block) }
    try writer().write(Array(Self.end.utf8).span, [])
    let summary = try file.finish()
    manifest = BackupManifest(
      id: "x", name: "d", tool: .init(recover: "1", pgDump: "15"),
      source: .init(
        database: "d", systemIdentifier: nil, serverVersion: "15", serverVersionNumber: 150_000, encoding: "UTF8",
        collate: "C", characterType: "C", moneyLocale: "C", extensions: [:], roles: []),
      snapshot: .init(time: .now, lsn: "0/0", isOfStandby: false), files: [summary.file, summary.index],
      dump: .init(
        file: "d.sql.gz", index: "d.sql.gz.index", contentBytes: summary.contentBytes, members: summary.members,
        codec: "zlib", level: 6),
      tables: ["a", "b"].enumerated().map { place, name in
        .init(
          schema: "public", name: name, content: summary.sums[place], chunks: summary.chunks[place],
          isOfExtension: false)
      },
      sequences: [], largeObjects: .init(objects: 0, content: ContentSum()), began: .now, durationMilliseconds: 1)
    try keepManifest()
  }

  private func keepManifest() throws {
    try RunDirectory.write(try manifest.encoded(), to: "\(directory)/\(BackupManifest.fileName)")
  }

  var dump: String { "\(directory)/d.sql.gz" }

  var entries: [MemberEntry] {
    get throws {
      try RunDirectory.read("\(dump).index").split(separator: UInt8(ascii: "\n")).map {
        try MemberEntry.read(Array($0))
      }
    }
  }

  /// Writes another index, and a manifest that believes it.
  mutating func lie(_ entries: [MemberEntry]) throws {
    let bytes = try entries.flatMap { try $0.line() }
    try RunDirectory.write(bytes, to: "\(dump).index")
    manifest.files[1].bytes = Int64(bytes.count)
    manifest.files[1].sha256 = Digest(of: bytes)
    try keepManifest()
  }

  /// Changes a byte in the middle of a member.
  func damage(member: Int) throws {
    let entry = try entries[member]
    var bytes = try RunDirectory.read(dump)
    bytes[Int(entry.offset + entry.bytes / 2)] ^= 4
    try RunDirectory.write(bytes, to: dump)
  }
}
