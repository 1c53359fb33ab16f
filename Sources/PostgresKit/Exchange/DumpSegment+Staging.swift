internal import RecoverBase

extension ContentExpectation {
  /// What the chosen tables and their sequences have to hold, under the names that they have beside the live ones.
  package func staged(_ script: StagingScript) -> ContentExpectation {
    let (rules, names) = (script.rules, script.rules.names)
    var part = self
    part.tables = [:]
    for (table, sum) in tables where rules.tables.contains(table) { part.tables[names.moved(table)] = sum }
    part.sequences = sequences.filter { names[$0.name] != nil }
      .map { SequenceValue(name: names.moved($0.name), lastValue: $0.lastValue, isCalled: $0.isCalled) }
    part.largeObjects = (0, ContentSum())
    return part
  }
}

extension DumpSegment {
  /// The part about some tables alone: their rows, and what belongs to them.
  package func only(_ script: StagingScript) -> DumpSegment {
    var part = self
    part.tables = tables.filter { script.rules.tables.contains($0.name) }
    part.objects = objects.filter { object in
      guard script.rules.extent == .everything || object.kind == .table else { return false }
      return switch object.kind {
      case .table: script.rules.tables.contains(object.name)
      case .sequence, .statistics: script.rules.names[object.name] != nil
      // Those to tables that stay are made in the exchange.
      case .foreignKey: false
      default: object.table.map(script.rules.tables.contains) ?? false
      }
    }
    part.objectCounts = Dictionary(grouping: part.objects, by: \.kind).mapValues(\.count)
    return part
  }

  /// The same under the names that the tables have beside the live ones.
  package func staged(_ script: StagingScript) -> DumpSegment {
    var part = only(script)
    let names = script.rules.names
    for index in part.tables.indices { part.tables[index].name = names.moved(part.tables[index].name) }
    for index in part.objects.indices {
      let object = part.objects[index]
      let schema = object.table.map { names.moved($0).schema } ?? names.moved(object.name).schema
      part.objects[index].table = object.table.map(names.moved)
      part.objects[index].name.schema = schema
    }
    return part
  }
}
