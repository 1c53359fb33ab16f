import RecoverTestSupport
import Testing

@testable import PostgresKit

@Suite("Batches of tables")
struct TableBatchTests {
  private static func table(
    _ number: Int, bytes: Int64, mayDivide: Bool = true, isOfExtension: Bool = false, columns: String = "a"
  ) -> DumpRelation {
    DumpRelation(
      oid: UInt32(number), name: SQLName(schema: "public", "t\(number)"), kind: .table, isOfExtension: isOfExtension,
      heapBytes: bytes, toastBytes: 0, mayDivide: mayDivide,
      text: .init(
        qualified: Array("public.t\(number)".utf8), columns: Array(columns.utf8), comment: [], condition: [],
        literal: []))
  }

  private static func plan(_ tables: [DumpRelation], jobs: Int = 4, canDivide: Bool = true) -> [TableBatch] {
    let ordered = tables.indices.filter { tables[$0].isOfExtension }
    return TableBatch.plan(tables, ordered: ordered, jobs: jobs, canDivide: canDivide, blockBytes: 8192)
  }

  @Test("every page of every table is read exactly once, the largest first")
  func everyPage() throws {
    try Property.check(cases: 10_000) { generator in
      let tables = (0..<Int.random(in: 0...8, using: &generator)).map { number in
        let size = Int64(1) << Int64.random(in: 0...32, using: &generator)
        return Self.table(
          number, bytes: Int64.random(in: 0...size, using: &generator), mayDivide: Bool.random(using: &generator),
          isOfExtension: Int.random(in: 0...9, using: &generator) == 0)
      }
      let batches = Self.plan(tables, jobs: Int.random(in: 1...16, using: &generator))
      try Property.require(
        zip(batches, batches.dropFirst()).allSatisfy { $0.bytes >= $1.bytes }, "not the largest first")
      for index in tables.indices {
        let parts = batches.flatMap(\.tasks).filter { $0.table == index }.map(\.pages)
        if parts.count == 1, parts[0] == nil { continue }
        let ranges = parts.compactMap(\.self)
        try Property.require(ranges.count == parts.count && ranges.first?.first == 0, "\(parts)")
        try Property.require(ranges.last?.end == nil, "the last part is closed")
        for (left, right) in zip(ranges, ranges.dropFirst()) {
          try Property.require(left.end == right.first && left.first < right.first, "\(ranges)")
        }
      }
    }
  }

  @Test("a table is read in parts only where that helps and its rows may come in another order")
  func parts() {
    let large = Self.table(1, bytes: 1 << 30)
    #expect(Self.plan([large]).count == 16)
    for whole in [
      Self.plan([large], jobs: 1), Self.plan([large], canDivide: false),
      Self.plan([Self.table(1, bytes: 1 << 30, mayDivide: false)]),
      Self.plan([Self.table(1, bytes: 1 << 30, columns: "")]), Self.plan([Self.table(1, bytes: 32 << 20)]),
    ] {
      #expect(whole.map(\.tasks) == [[TableTask(table: 0)]])
    }
  }

  @Test("tiny tables share a batch, those of extensions keep their order")
  func together() {
    let tiny = (0..<450).map { Self.table($0, bytes: 100) }
    #expect(Self.plan(tiny).map(\.tasks.count) == [200, 200, 50])
    let extensions = [3, 1, 2].map { Self.table($0, bytes: Int64($0), isOfExtension: true) }
    #expect(Self.plan(extensions).map { $0.tasks.map(\.table) } == [[0, 1, 2]])
  }
}
