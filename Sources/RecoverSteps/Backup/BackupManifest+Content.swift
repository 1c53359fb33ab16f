internal import Glibc
internal import PostgresKit
internal import RecoverBase
internal import RecoverRepository

extension BackupManifest {
  /// What a database has to hold to be this backup.
  var contentExpectation: ContentExpectation {
    ContentExpectation(
      tables: Dictionary(
        tables.map { (SQLName(schema: $0.schema, $0.name), $0.content) }, uniquingKeysWith: { first, _ in first }),
      sequences: sequences.map {
        SequenceValue(name: SQLName(schema: $0.schema, $0.name), lastValue: $0.lastValue, isCalled: $0.isCalled)
      },
      largeObjects: (largeObjects.objects, largeObjects.content), encoding: source.encoding,
      moneyLocale: source.moneyLocale)
  }
}

extension ContentExpectation {
  /// What of it is left where only some tables and sequences were restored; nil is all.
  func restricted(to relations: [SelectedDump.Relation]?) -> ContentExpectation {
    guard let relations else { return self }
    let emptied = Set(relations.filter(\.isEmptied).map(\.name))
    let names = Set(relations.map(\.name))
    var part = self
    part.tables = tables.filter { names.contains($0.key) }
    for name in emptied where part.tables[name] != nil { part.tables[name] = ContentSum() }
    part.sequences = sequences.filter { names.contains($0.name) }
    part.largeObjects = (0, ContentSum())
    return part
  }
}

/// How many connections work at once, where nobody said.
package enum WorkerCount {
  /// As many as there are cores, up to 16.
  package static var forReading: Int { max(1, min(Int(sysconf(Int32(_SC_NPROCESSORS_ONLN))), 16)) }
}
