internal import RecoverBase

/// Lines for psql: a backslash at the start of a statement, to the end of the line.
extension DumpSplitter {
  /// The longest line for psql that is accepted.
  private static var commandBytes: Int { 64 << 10 }

  mutating func metaCommand() throws -> Step {
    let lineEnd = buffer.withUnread { bytes in
      ByteSearch.firstIndex(of: Ascii.lineFeed, in: bytes, from: 0, to: min(bytes.count, Self.commandBytes))
    }
    if lineEnd == nil, !buffer.isAtEnd, buffer.unreadCount < Self.commandBytes { return .needsBytes }
    let byteCount = lineEnd.map { $0 + 1 } ?? buffer.unreadCount
    guard byteCount <= Self.commandBytes else { throw refusal("a line for psql that never ends") }
    try refuseNullByte(before: byteCount)
    let line = buffer.withUnread { Array(copying: $0.extracting(0..<(lineEnd ?? byteCount))) }
    let command = try parse(line)
    try apply(command)
    syntax = state.syntax
    return emit(.metaCommand(command), byteCount: byteCount, lines: lineEnd == nil ? 0 : 1, then: .between)
  }

  private func parse(_ line: [UInt8]) throws -> DumpMetaCommand {
    let words = PsqlWords(line)
    guard let arguments = words.arguments else {
      throw refusal("a line for psql that can't be understood without running psql: \(words.command)")
    }
    func text(_ argument: [UInt8]) -> String { DumpText.string(argument, clientEncoding: state.clientEncoding) }
    switch (words.command, arguments.count) {
    case ("\\restrict", 1) where !arguments[0].isEmpty: return .restrict(key: text(arguments[0]))
    case ("\\unrestrict", 1): return .unrestrict(key: text(arguments[0]))
    case ("\\encoding", 1): return .encoding(text(arguments[0]))
    case ("\\connect", _), ("\\c", _):
      guard let target = ConnectTarget(arguments) else {
        throw refusal(
          "\(words.command) with more than a database's name", hint: "a backup must not choose server, port or role")
      }
      return .connect(database: target.database.map(text))
    case ("\\restrict", _), ("\\unrestrict", _), ("\\encoding", _):
      throw refusal(
        "\(words.command) takes exactly one argument", hint: "this file was cut off or changed: use another backup")
    default:
      throw refusal(
        "the psql command \(words.command), which no dump needs",
        hint: "it could run programs or read files here (CVE-2025-8714); remove it if you trust this file")
    }
  }

  private mutating func apply(_ command: DumpMetaCommand) throws {
    switch (command, state.restrictKey) {
    case (.unrestrict(let key), let current?) where key.utf8.elementsEqual(current.utf8): state.restrictKey = nil
    case (.unrestrict, nil):
      throw refusal(
        "\\unrestrict without a \\restrict before it",
        hint: "this file lost its beginning or was changed: use another backup")
    case (.unrestrict, _):
      throw refusal(
        "\\unrestrict with another key than \\restrict had",
        hint: "this file was cut off in its last lines, or changed: use another backup")
    case (_, _?):
      throw refusal(
        "a psql command between \\restrict and \\unrestrict",
        hint: "pg_dump writes none there: this file was changed, or its data breaks out of its quotes")
    case (.restrict(let key), nil): state.restrictKey = key
    case (.encoding(let name), nil): state.clientEncoding = name
    case (.connect(let database), nil):
      // A new session: what SET changed in the old one is gone.
      state.database = database ?? state.database
      state.standardConformingStrings = true
      state.clientEncoding = nil
    }
  }
}
