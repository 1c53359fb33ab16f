/// A table, or some of its pages, that one connection reads in one go.
struct TableTask: Sendable, Hashable {
  /// The index of the relation.
  var table: Int
  /// Nil is all of it.
  var pages: PageRange?
}

/// Tables that a connection locks and reads one after the other.
struct TableBatch: Sendable, Hashable {
  var tasks: [TableTask]
  /// About how much there is to read, for the order.
  var bytes: Int64
}

extension TableBatch {
  /// From this size on a table is read in parts, so that one that is larger than all the others does not last longest.
  private static let divideBytes: Int64 = 32 << 20
  /// Below this size tables share a lock statement.
  private static let tinyBytes: Int64 = 64 << 10

  /// How the tables are read: largest first, large ones in parts, tiny ones together.
  ///
  /// - Parameters:
  ///   - jobs: how many connections read.
  ///   - canDivide: whether the server scans ranges of pages (since 14).
  ///   - ordered: the tables of extensions, which are loaded in the order in which they refer to one another.
  static func plan(
    _ relations: [DumpRelation], ordered: [Int], jobs: Int, canDivide: Bool, blockBytes: Int64
  ) -> [TableBatch] {
    var batches: [TableBatch] = []
    var tiny = TableBatch(tasks: [], bytes: 0)
    for (index, relation) in relations.enumerated() where relation.kind == .table && !relation.isOfExtension {
      let bytes = relation.totalBytes
      if bytes <= tinyBytes {
        tiny.tasks.append(TableTask(table: index))
        tiny.bytes += bytes
        if tiny.tasks.count == 200 || tiny.bytes >= 1 << 20 {
          batches.append(tiny)
          tiny = TableBatch(tasks: [], bytes: 0)
        }
      } else if jobs > 1, canDivide, relation.mayDivide, bytes > divideBytes, !relation.text.columns.isEmpty {
        batches += parts(of: index, relation, jobs: jobs, blockBytes: blockBytes)
      } else {
        batches.append(TableBatch(tasks: [TableTask(table: index)], bytes: bytes))
      }
    }
    if !tiny.tasks.isEmpty { batches.append(tiny) }
    if !ordered.isEmpty {
      let bytes = ordered.reduce(Int64(0)) { $0 + relations[$1].totalBytes }
      batches.append(TableBatch(tasks: ordered.map { TableTask(table: $0) }, bytes: bytes))
    }
    // Stable, so that the parts of a table keep their order.
    return batches.enumerated().sorted { ($1.element.bytes, $0.offset) < ($0.element.bytes, $1.offset) }.map(\.element)
  }

  private static func parts(
    of index: Int, _ relation: DumpRelation, jobs: Int, blockBytes: Int64
  ) -> [TableBatch] {
    let partBytes = min(max(relation.totalBytes / Int64(jobs * 4), divideBytes / 2), 256 << 20)
    let pages = max(relation.heapBytes / blockBytes, 1)
    let count = min(max(relation.totalBytes / partBytes, 1), pages)
    return (0..<count).map { part in
      let range = PageRange(first: pages * part / count, end: part == count - 1 ? nil : pages * (part + 1) / count)
      // All parts as large as the first, so that the sort keeps them together.
      return TableBatch(tasks: [TableTask(table: index, pages: range)], bytes: relation.totalBytes / count)
    }
  }
}
