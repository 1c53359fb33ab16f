/// A line for psql, split into the command and its arguments by psql's quoting (PostgreSQL 15, psql, "Meta-Commands").
struct PsqlWords {
  /// The command with its backslash.
  let command: String
  /// The arguments without their quotes; nil when psql would have to run a program or expand a variable to know
  /// them, when another command follows on the line, or when a quote stays open.
  let arguments: [[UInt8]]?

  /// - Parameter line: from the backslash to the end of the line, without the line feed.
  init(_ line: [UInt8]) {
    let name = line.dropFirst().prefix { !Ascii.isSpace($0) && $0 != Ascii.backslash }
    command = "\\" + String(decoding: name, as: UTF8.self)
    var words = Words(rest: line.dropFirst(1 + name.count))
    var arguments: [[UInt8]]? = []
    while let word = words.next() {
      switch word {
      case .text(let text): arguments?.append(text)
      case .refused: arguments = nil
      }
      if arguments == nil { break }
    }
    self.arguments = arguments
  }

  private struct Words {
    var rest: ArraySlice<UInt8>

    enum Word {
      case text([UInt8])
      case refused
    }

    mutating func next() -> Word? {
      rest = rest.drop(while: Ascii.isSpace)
      guard !rest.isEmpty else { return nil }
      var text: [UInt8] = []
      while let byte = rest.first, !Ascii.isSpace(byte) {
        rest.removeFirst()
        switch byte {
        case Ascii.quote:
          guard singleQuoted(into: &text) else { return .refused }
        case Ascii.doubleQuote:
          guard doubleQuoted(into: &text) else { return .refused }
        case Ascii.backslash, UInt8(ascii: "`"): return .refused
        case UInt8(ascii: ":"):
          if let next = rest.first, Ascii.isWordStart(next) || "'\"{".utf8.contains(next) { return .refused }
          text.append(byte)
        default: text.append(byte)
        }
      }
      return .text(text)
    }

    /// `'...'`, in which a backslash stands for what it does in C.
    private mutating func singleQuoted(into text: inout [UInt8]) -> Bool {
      while let byte = rest.popFirst() {
        switch byte {
        case Ascii.quote:
          guard rest.first == Ascii.quote else { return true }
          rest.removeFirst()
          text.append(Ascii.quote)
        case Ascii.backslash:
          // pg_dump writes no escape inside of single quotes here, so none is understood.
          return false
        default: text.append(byte)
        }
      }
      return false
    }

    private mutating func doubleQuoted(into text: inout [UInt8]) -> Bool {
      while let byte = rest.popFirst() {
        if byte != Ascii.doubleQuote {
          text.append(byte)
        } else if rest.first == Ascii.doubleQuote {
          rest.removeFirst()
          text.append(byte)
        } else {
          return true
        }
      }
      return false
    }
  }
}

/// What `\connect` names, when it names nothing but a database.
struct ConnectTarget {
  /// nil keeps the database.
  let database: [UInt8]?

  /// - Returns: nil for anything that chooses a role, a server or any other parameter.
  init?(_ arguments: [[UInt8]]) {
    var arguments = arguments[...]
    if arguments.first?.starts(with: "-reuse-previous=".utf8) == true { arguments.removeFirst() }
    let keep = Array("-".utf8)
    guard arguments.dropFirst().allSatisfy({ $0 == keep }), arguments.count <= 4 else { return nil }
    guard let target = arguments.first, target != keep else {
      database = nil
      return
    }
    if target.starts(with: "postgres://".utf8) || target.starts(with: "postgresql://".utf8) { return nil }
    guard target.contains(UInt8(ascii: "=")) else {
      database = target
      return
    }
    guard let name = Self.name(inConnectionString: target) else { return nil }
    database = name
  }

  /// The database's name in `dbname='...'`, which pg_dump writes for names with odd characters.
  private static func name(inConnectionString text: [UInt8]) -> [UInt8]? {
    let key = Array("dbname=".utf8)
    guard text.starts(with: key) else { return nil }
    var rest = text.dropFirst(key.count)
    var name: [UInt8] = []
    guard rest.first == Ascii.quote else { return rest.contains(where: Ascii.isSpace) ? nil : Array(rest) }
    rest.removeFirst()
    while let byte = rest.popFirst() {
      if byte == Ascii.quote { return rest.isEmpty ? name : nil }
      guard byte == Ascii.backslash else {
        name.append(byte)
        continue
      }
      guard let escaped = rest.popFirst() else { return nil }
      name.append(escaped)
    }
    return nil
  }
}
