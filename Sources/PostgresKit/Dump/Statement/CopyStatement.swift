/// A COPY statement as far as it must be understood to split a dump (PostgreSQL 15, COPY; also its older forms).
enum CopyStatement {
  /// Data follows in the dump; the place of the statement is still to be filled in.
  case fromStdin(DumpCopy)
  /// Binary data would follow.
  case binaryFromStdin
  case toStdout
  /// Reads or writes a file of the server, or runs a program there.
  case server(SQLName?, DumpCopyDirection)

  /// - Returns: nil for any other statement, and for a COPY that PostgreSQL would not understand.
  init?(_ cursor: SQLCursor) {
    var cursor = cursor
    guard cursor.take("copy") else { return nil }
    var isBinary = cursor.take("binary")
    var table: SQLName?
    var columns: [String]?
    if cursor.isAt("(") {
      cursor.skipParentheses()
    } else {
      table = cursor.qualifiedName()
      guard table != nil else { return nil }
      if cursor.isAt("(") {
        columns = cursor.nameList()
        guard columns != nil else { return nil }
      }
    }
    let isFrom = cursor.take("from")
    guard isFrom || cursor.take("to") else { return nil }
    if cursor.take("program") {
      self = .server(table, isFrom ? .fromProgram : .toProgram)
      return
    }
    // The grammar takes either word in either direction.
    guard cursor.take("stdin") || cursor.take("stdout") else {
      self = .server(table, isFrom ? .fromFile : .toFile)
      return
    }
    guard isFrom, let table else {
      self = .toStdout
      return
    }
    let format = Self.format(&cursor, isBinary: &isBinary)
    if isBinary {
      self = .binaryFromStdin
    } else {
      self = .fromStdin(
        DumpCopy(
          table: table, columns: columns, format: format, statement: SQLText(cursor.bytes), offset: 0, line: 0))
    }
  }

  /// What the options make of the data's form; options that are not known make it opaque.
  private static func format(_ cursor: inout SQLCursor, isBinary: inout Bool) -> DumpCopy.Format {
    var format = DumpCopy.Format.text
    let harmless: [StaticString] = [
      "with", "using", "as", "delimiter", "delimiters", "null", "freeze", "format", "text",
    ]
    while !cursor.isAtEnd {
      format = format == .text ? .textWithOptions : format
      switch cursor.token.kind {
      case .word where harmless.contains(where: { cursor.isAt($0) }): break
      case .word, .quotedIdentifier, .number:
        isBinary = isBinary || cursor.isAt("binary")
        format = .opaque
      case .string, .dollarString:
        // FORMAT takes a string as well.
        var ahead = cursor
        let value = ahead.literal() ?? ""
        isBinary = isBinary || value == "binary"
        if value == "csv" { format = .opaque }
      case .symbol, .end, .incomplete: break
      }
      cursor.advance()
    }
    return format
  }
}
