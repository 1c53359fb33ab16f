internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import RecoverSteps

@Suite("how an archive is cut into pieces")
struct ArchiveCutsTests {
  private static let text = """
    ;
    ; Archive created at 2026-11-23 13:58:42 UTC
    ;     TOC Entries: 12
    ;
    9; 2615 16388 SCHEMA - app owner
    3916; 0 0 ACL - SCHEMA app owner
    200; 1259 1 TABLE app ACL owner
    210; 1259 2 TABLE app TABLE DATA owner
    3907; 2613 42 BLOB - 42 owner
    1; 0 1 TABLE DATA app a owner
    2; 0 2 TABLE DATA app b owner
    3; 0 3 TABLE DATA app c owner
    4; 0 0 SEQUENCE SET app s owner
    5; 0 0 BLOBS - BLOBS owner
    6; 0 0 CONSTRAINT app a_pkey owner
    7; 826 1 DEFAULT ACL app DEFAULT PRIVILEGES FOR TABLES owner
    8; 3466 1 EVENT TRIGGER - e owner
    """

  private var listing: ArchiveListing { ArchiveListing(Array(Self.text.utf8)) }

  @Test("entries are told apart by their kind, and not by names that look like one")
  func kinds() {
    #expect(listing.entries.map(\.id) == [9, 3916, 200, 210, 3907, 1, 2, 3, 4, 5, 6, 7, 8])
    #expect(listing.entries.filter { $0.kind == .privileges }.map(\.id) == [3916, 7])
    #expect(listing.entries.filter { $0.kind == .rows }.map(\.id) == [1, 2, 3])
    #expect(listing.entries.filter { $0.kind == .largeObjects }.map(\.id) == [5])
  }

  @Test("without sizes each table is a piece, until there are too many; rights go last")
  func unknownSizes() {
    let front: [Int32] = [9, 200, 210, 3907], end: [Int32] = [6, 8, 3916, 7]
    #expect(ArchiveCuts(listing, sizes: nil, mostPieces: 64).pieces == [front, [1], [2], [3, 4], [5], end])
    #expect(ArchiveCuts(listing, sizes: nil, mostPieces: 2).pieces == [front, [1, 2, 3, 4], [5], end])
    #expect(ArchiveCuts(listing, sizes: nil, mostPieces: 1).pieces == [front, [1, 2, 3, 4, 5], end])
  }

  @Test("what is small shares a piece, and what is large has one of its own")
  func knownSizes() {
    let large = ArchiveCuts.Grain().largeBytes
    #expect(ArchiveCuts(listing, sizes: [1: 5, 2: 5, 3: 5, 5: 5], mostPieces: 64).pieces.count == 3)
    #expect(
      ArchiveCuts(listing, sizes: [1: 5, 2: large, 3: 5, 5: 5], mostPieces: 64).pieces[1...3] == [
        [1], [2], [3, 4, 5],
      ])
  }

  @Test("an archive without rows, and one without anything")
  func noRows() {
    let schema = ArchiveListing(Array("9; 2615 1 SCHEMA - app o\n8; 0 0 ACL - SCHEMA app o\n".utf8))
    #expect(ArchiveCuts(schema, sizes: [:], mostPieces: 8).pieces == [[9], [8]])
    #expect(ArchiveCuts(ArchiveListing([]), sizes: nil, mostPieces: 8).pieces == [])
  }

  @Test("whatever is cut, every entry is in one piece, in its order")
  func everyEntry() {
    let seed = SeededGenerator.runSeed
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<10_000 {
      let count = generator.int(0...40)
      let kinds = ["TABLE DATA a b o", "ACL - TABLE a o", "BLOBS - BLOBS", "TABLE a b o", "SEQUENCE SET a b o"]
      let lines = (0..<count).map { "\($0 + 1); 0 0 \(kinds[generator.int(0...4)])\n" }
      let listing = ArchiveListing(Array(lines.joined().utf8))
      let sizes = Dictionary(
        uniqueKeysWithValues: listing.entries.map { ($0.id, Int64(generator.int(0...1 << 25))) })
      let cuts = ArchiveCuts(
        listing, sizes: generator.int(0...1) == 0 ? nil : sizes, mostPieces: generator.int(1...20))
      let main = listing.entries.filter { $0.kind != .privileges }.map(\.id)
      let late = listing.entries.filter { $0.kind == .privileges }.map(\.id)
      #expect(cuts.pieces.flatMap { $0 } == main + late, "RECOVER_SEED=\(seed)")
      #expect(!cuts.pieces.contains([]), "RECOVER_SEED=\(seed)")
    }
  }
}
