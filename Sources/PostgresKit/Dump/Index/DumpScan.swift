package import RecoverBase

/// One pass over a plain dump: what is in it, and where.
package struct DumpScan: Sendable, Hashable {
  package var survey: DumpSurvey
  package var index: DumpIndex

  /// What bounds the memory of a pass.
  package struct Limits: Sendable, Hashable {
    package var survey = DumpSurvey.Limits()
    package var index = DumpIndex.Limits()

    package init() {}
  }

  /// The result of a pass over the rest of a dump.
  ///
  /// - Parameters:
  ///   - reader: at the beginning of the dump; at its end afterwards.
  ///   - interruption: stops the pass between two pieces.
  ///   - progress: told now and then how many bytes of the source were consumed.
  /// - Throws: ``RecoverError`` `backupRefused` for what the reader refuses, `interrupted`, and what the source
  ///   throws. A dump that was cut off is no error, but ``DumpSurvey/Completeness/truncated(_:)``.
  package init<Source: ByteSource & ~Copyable>(
    reading reader: inout DumpReader<Source>, limits: Limits = Limits(), interruption: Interruption,
    progress: (Int64) -> Void = { _ in }
  ) throws {
    var builder = SurveyBuilder(state: reader.state, limits: limits.survey)
    var index = IndexBuilder(limits: limits.index)
    var untilProgress = 0
    while true {
      let before = reader.state
      guard let piece = try reader.next() else { break }
      reader.withBytes { builder.hash($0) }
      switch piece.kind {
      case .space:
        reader.withBytes { builder.add(space: $0, place: before.place) }
        index.add(space: piece, before)
      case .statement(let rows): try Self.add(piece, rows: rows, before, from: reader, to: &builder, &index)
      case .copyData(let rows, let endsAtRow):
        builder.add(rows: rows, bytes: piece.byteCount, of: reader.state.copy)
        index.add(data: piece, rows: rows, endsAtRow: endsAtRow)
      case .copyEnd: index.add(copyEnd: piece)
      case .metaCommand(let command):
        builder.add(command, of: piece)
        index.add(command: command, piece, before)
      case .unfinished(let what):
        builder.unfinished = what
        index.add(unfinished: piece, before)
      }
      untilProgress -= piece.byteCount
      if untilProgress <= 0 {
        try interruption.check()
        progress(reader.source.consumedBytes)
        untilProgress = 1 << 20
      }
    }
    survey = builder.finish(at: reader.state)
    self.index = index.finish(digest: survey.digest, byteCount: survey.byteCount)
  }

  private static func add<Source: ByteSource & ~Copyable>(
    _ piece: DumpPiece, rows: Int?, _ before: DumpReaderState, from reader: borrowing DumpReader<Source>,
    to builder: inout SurveyBuilder, _ index: inout IndexBuilder
  ) throws {
    let syntax = reader.statementSyntax
    if let rows, reader.withBytes({ builder.add(insert: $0, rows: rows, syntax: syntax) }) {
      return reader.withBytes { index.add(insert: $0, rows: rows, syntax: syntax, piece, before) }
    }
    let statement = reader.statement
    builder.add(statement, of: piece)
    if case .database(let change, let name) = statement.kind {
      try builder.add(change, of: name, statement: DumpDatabase.Statement(change, reader.text, line: piece.line))
    }
    let after = reader.state
    reader.withBytes { index.add(statement, $0, syntax: syntax, piece, before, after: after) }
  }
}
