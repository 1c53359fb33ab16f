package import RecoverBase
internal import Synchronization

/// What a database has to hold to be what was backed up: sums over its rows, taken while it was dumped.
package struct ContentExpectation: Sendable {
  package var tables: [SQLName: ContentSum]
  package var sequences: [SequenceValue]
  package var largeObjects: (objects: Int64, content: ContentSum)
  /// In which the rows were read.
  package var encoding: String
  /// Under which `money` was written.
  package var moneyLocale: String

  package init(
    tables: [SQLName: ContentSum], sequences: [SequenceValue], largeObjects: (objects: Int64, content: ContentSum),
    encoding: String, moneyLocale: String
  ) {
    self.tables = tables
    self.sequences = sequences
    self.largeObjects = largeObjects
    self.encoding = encoding
    self.moneyLocale = moneyLocale
  }
}

/// The verdict: whether every table, sequence and large object holds what it held when it was dumped.
package struct ContentVerdict: Sendable, Hashable, Codable {
  package var tables: Int
  package var rows: Int64
  package var sequences: Int
  package var largeObjects: Int64
  /// One line each, at most ``differenceLimit``; none when the content is proved.
  package var differences: [String] = []

  package var isProved: Bool { differences.isEmpty }

  static let differenceLimit = 100

  mutating func add(_ difference: String) {
    if differences.count < Self.differenceLimit { differences.append(difference) }
  }
}

extension ContentExpectation {
  /// Reads a whole database, or some of its schemas, over several connections, and compares.
  ///
  /// Reads only. Differences are no error.
  ///
  /// - Parameters:
  ///   - schemas: of ours; without large objects then. nil is the whole database.
  ///   - progress: called on the reading threads with the number of tables that were read to their end.
  package func compare(
    _ settings: ConnectionSettings, in schemas: [String]? = nil, jobs: Int, _ interruption: Interruption,
    progress: @escaping @Sendable (Int) -> Void = { _ in }
  ) throws -> ContentVerdict {
    var snapshot = try DumpSnapshot.take(settings, encoding: encoding, in: schemas, interruption: interruption)
    if snapshot.facts.moneyLocale != moneyLocale {
      snapshot.release()
      let options = [settings.options["options"], "-c lc_monetary=\(moneyLocale)"].compactMap { $0 }
      snapshot = try DumpSnapshot.take(
        settings.setting("options", to: options.joined(separator: " ")), encoding: encoding, in: schemas,
        interruption: interruption)
    }
    let sums = TableSums(progress: progress)
    try snapshot.readTables(jobs: jobs, interruption) { SumReader(sums) }
    snapshot.release()
    var verdict = ContentVerdict(
      tables: 0, rows: 0, sequences: sequences.count, largeObjects: largeObjects.objects)
    compareTables(snapshot.relations, sums.all, &verdict)
    compareSequences(snapshot.sequences, &verdict)
    guard schemas == nil else { return verdict }
    var connection = try Connection.dumping(settings, interruption: interruption)
    let found = try LargeObjectSum.read(&connection)
    if found != largeObjects {
      verdict.add(
        "the \(found.objects) large objects differ from the \(largeObjects.objects) of the backup: "
          + "\(found.content) instead of \(largeObjects.content)")
    }
    return verdict
  }

  private func compareTables(
    _ relations: [DumpRelation], _ sums: [Int: ContentSum], _ verdict: inout ContentVerdict
  ) {
    var left = tables
    for (index, relation) in relations.enumerated() where relation.kind == .table {
      let found = sums[index] ?? ContentSum()
      verdict.tables += 1
      verdict.rows += found.rows
      guard let expected = left.removeValue(forKey: relation.name) else {
        verdict.add("table \(relation.name) is not in the backup")
        continue
      }
      if found != expected {
        let detail = found.rows == expected.rows ? "as many rows with other content" : "\(found.rows) rows"
        verdict.add(
          "table \(relation.name) has \(detail), the backup has \(expected.rows) (\(found.hex), not \(expected.hex))")
      }
    }
    for name in left.keys.sorted(by: { $0.description < $1.description }) { verdict.add("table \(name) is missing") }
  }

  private func compareSequences(_ found: [SequenceValue], _ verdict: inout ContentVerdict) {
    let values = Dictionary(found.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for sequence in sequences {
      guard let value = values[sequence.name] else {
        verdict.add("sequence \(sequence.name) is missing")
        continue
      }
      if value != sequence {
        verdict.add("sequence \(sequence.name) is at \(value.lastValue), the backup has \(sequence.lastValue)")
      }
    }
  }
}

/// The sums of tables that several connections read parts of.
private final class TableSums: Sendable {
  private let sums = Mutex<[Int: ContentSum]>([:])
  private let progress: @Sendable (Int) -> Void

  init(progress: @escaping @Sendable (Int) -> Void) { self.progress = progress }

  func add(_ sum: ContentSum, to table: Int) {
    let count = sums.withLock { sums in
      sums[table, default: ContentSum()].add(sum)
      return sums.count
    }
    progress(count)
  }

  var all: [Int: ContentSum] { sums.withLock { $0 } }
}

/// Sums the rows of one connection.
private final class SumReader: RowConsumer {
  private let sums: TableSums
  private var table = 0
  private var sum = ContentSum()

  init(_ sums: TableSums) { self.sums = sums }

  func begin(_ task: TableTask, of relation: DumpRelation) { (table, sum) = (task.table, ContentSum()) }
  func take(_ row: Span<UInt8>) { sum.add(row: row) }
  func end() { sums.add(sum, to: table) }
  func finish() {}
}
