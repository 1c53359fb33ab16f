/// What a statement changes for the bytes that follow it in the dump.
enum StatementEffect {
  case none
  /// COPY data follows.
  case copy(DumpCopy)
  /// A COPY that is not understood: data may follow or not.
  case unknownCopy
  /// COPY data that can't stand in a plain dump would follow.
  case binaryCopy
  case session(DumpSetting)

  /// - Parameter state: where the statement begins.
  init(of statement: Span<UInt8>, syntax: SQLSyntax, in state: DumpReaderState) {
    // Most statements of a large dump are INSERTs: one byte is enough to pass over them.
    switch statement.count > 0 ? Ascii.lowercased(statement[0]) : 0 {
    case UInt8(ascii: "c"):
      let cursor = SQLCursor(statement, syntax: syntax)
      guard cursor.isAt("copy") else {
        self = .none
        return
      }
      switch CopyStatement(cursor) {
      case .fromStdin(var copy):
        copy.offset = state.offset
        copy.line = state.line
        self = .copy(copy)
      case .binaryFromStdin: self = .binaryCopy
      case .toStdout, .server: self = .none
      case nil: self = .unknownCopy
      }
    case UInt8(ascii: "s"), UInt8(ascii: "r"), UInt8(ascii: "d"):
      self = DumpSetting(SQLCursor(statement, syntax: syntax)).map { .session($0) } ?? .none
    default: self = .none
    }
  }
}
