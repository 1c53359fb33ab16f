package import RecoverBase

/// Splits a plain SQL dump into its pieces, streaming, in constant memory.
///
/// Reads what pg_dump and pg_dumpall write in plain format, and SQL that people wrote or edited for psql. A piece is a
/// statement, a chunk of COPY data, a line for psql, or the white space and comments between them; together they
/// are the dump, byte for byte. It follows psql's lexer (PostgreSQL 15, psql and chapter 4.1), except that psql's
/// variables are not expanded and that only the commands of ``DumpMetaCommand`` are accepted.
///
/// The pieces depend only on the bytes, not on how the source gives them. Blocking, like its source.
package struct DumpReader<Source: ByteSource & ~Copyable>: ~Copyable {
  /// What the dump is read from; ``ByteSource/consumedBytes`` runs ahead of the pieces by what is in the buffer.
  package private(set) var source: Source
  private var splitter: DumpSplitter

  /// - Parameters:
  ///   - source: positioned at the state's offset.
  ///   - name: what errors call the dump.
  package init(
    _ source: consuming Source, named name: String, from state: DumpReaderState = .start,
    limits: DumpReaderLimits = DumpReaderLimits()
  ) {
    self.source = source
    splitter = DumpSplitter(state: state, limits: limits, name: name)
  }

  /// Where the next piece begins: what a resumed reader needs to go on.
  package var state: DumpReaderState { splitter.state }

  /// The next piece; nil at the end of the dump.
  ///
  /// - Throws: ``RecoverError`` `backupRefused` with line and byte, for a statement over the limit, a refused
  ///   meta-command or what is no SQL; and what the source throws. The reader can't be used after that.
  package mutating func next() throws -> DumpPiece? {
    while true {
      switch try splitter.next() {
      case .piece(let piece): return piece
      case .end: return nil
      case .needsBytes: try splitter.buffer.fill(from: &source)
      }
    }
  }

  /// Calls `body` with the bytes of the piece that ``next()`` gave last.
  package borrowing func withBytes<Result: ~Copyable>(_ body: (Span<UInt8>) throws -> Result) rethrows -> Result {
    try splitter.buffer.withCurrent(body)
  }

  /// What was in force for the statement that ``next()`` gave last.
  var statementSyntax: SQLSyntax { splitter.statementSyntax }

  /// What the statement does that ``next()`` gave last; of no use after a piece of another kind.
  package var statement: DumpStatement {
    let syntax = statementSyntax
    var statement = withBytes { DumpStatement($0, syntax: syntax) }
    if case .copyFromStdin = statement.kind, let copy = state.copy { statement.kind = .copyFromStdin(copy) }
    return statement
  }

  /// A copy of the bytes of the piece that ``next()`` gave last.
  package var text: SQLText {
    withBytes { SQLText(Array(copying: $0)) }
  }
}
