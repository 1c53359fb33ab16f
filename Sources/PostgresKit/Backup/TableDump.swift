package import RecoverBase

extension DumpSnapshot {
  /// Writes the rows of all tables into members, over several connections at once.
  ///
  /// - Parameters:
  ///   - jobs: how many connections read, that of the snapshot among them.
  ///   - memberBytes: how large a member becomes, about; a row that is larger has one of its own.
  ///   - makeSink: makes a sink for each connection's thread.
  /// - Throws: ``RecoverError``: `missingRequirement` for a table that our role may not read, or not whole.
  package func writeTables(
    jobs: Int, memberBytes: Int, _ interruption: Interruption,
    makeSink: @escaping @Sendable () throws -> any DumpMemberSink
  ) throws {
    try readTables(jobs: jobs, interruption) { MemberBuilder(try makeSink(), memberBytes: memberBytes) }
  }

  /// Reads the rows of all tables, over several connections at once.
  func readTables(
    jobs: Int, _ interruption: Interruption, makeConsumer: @escaping @Sendable () throws -> any RowConsumer
  ) throws {
    let ordered = try withLeader(interruption) { try extensionTables(&$0) }
    let batches = TableBatch.plan(
      relations, ordered: ordered, jobs: jobs, canDivide: facts.serverVersionNumber >= 140_000,
      blockBytes: facts.blockBytes)
    let count = max(1, min(jobs, batches.count))
    let queue = TableQueue(batches, workers: count - 1)
    try BlockingThread.team("recover-copy", count: count, interruption) { number, stop in
      try TableReader.work(number, on: queue, of: self, into: try makeConsumer(), stop)
    }
  }

  /// The tables of extensions, what is referred to before what refers to it: their foreign keys are there from the
  /// start.
  private func extensionTables(_ connection: inout Connection) throws -> [Int] {
    let indices = relations.indices.filter { relations[$0].isOfExtension && relations[$0].kind == .table }
    guard indices.count > 1 else { return Array(indices) }
    let oids = indices.map { "\(relations[$0].oid)" }.joined(separator: ",")
    let keys = try connection.rows(
      """
      SELECT conrelid, confrelid FROM pg_catalog.pg_constraint WHERE contype = 'f' AND conrelid <> confrelid
      AND conrelid IN (\(oids)) AND confrelid IN (\(oids))
      """)
    var left = indices
    var ordered: [Int] = []
    while !left.isEmpty {
      let open = Set(left.map { "\(relations[$0].oid)" })
      let free = left.filter { index in
        !keys.contains { $0[0] == "\(relations[index].oid)" && open.contains($0[1] ?? "") }
      }
      // A circle has no order; pg_dump writes it in some, too.
      ordered += free.isEmpty ? left : free
      left = free.isEmpty ? [] : left.filter { !free.contains($0) }
    }
    return ordered
  }
}

extension DumpSnapshot {
  /// The statements that set the sequences, as a dump has them.
  package func sequenceStatements() -> [UInt8] {
    var text: [UInt8] = []
    let values = Dictionary(sequences.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for relation in relations where relation.kind == .sequence {
      guard let value = values[relation.name] else { continue }
      text += relation.text.comment + Array("SELECT pg_catalog.setval(".utf8) + relation.text.literal
      text += Array(", \(value.lastValue), \(value.isCalled));\n\n\n".utf8)
    }
    return text
  }
}
