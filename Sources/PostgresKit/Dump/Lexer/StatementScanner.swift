/// Finds where one SQL statement ends, as psql does: at a `;` outside of literals, comments, parentheses and the
/// body of a routine in SQL-standard form.
///
/// psql takes every BEGIN in `CREATE FUNCTION` for the start of such a body. Here only `BEGIN ATOMIC` is one, so
/// a function whose own name is `begin` is split rightly too.
struct StatementScanner {
  private var tokens: SQLTokenizer
  private var parenthesisDepth = 0
  /// How many of BEGIN ATOMIC and CASE wait for their END.
  private var bodyDepth = 0
  private var head = Head.start
  private var values = Values.none

  /// What the first words have shown.
  private enum Head {
    case start, create, createOr, createOrReplace
    /// CREATE FUNCTION or PROCEDURE; `afterBegin` when the word before was BEGIN.
    case routine(afterBegin: Bool)
    case insert(afterDefault: Bool)
    case other
  }

  /// How far the VALUES of an INSERT are.
  private enum Values {
    case none
    case counting(Int)
    case counted(Int)
  }

  enum Outcome {
    /// The statement ends before this index.
    case complete(end: Int)
    case incomplete
    /// A backslash stands here, outside of all quotes.
    case metaCommand(at: Int)
  }

  init(syntax: SQLSyntax) { tokens = SQLTokenizer(syntax: syntax) }

  /// How far the statement has been scanned, in bytes from its start.
  var position: Int { tokens.position }

  /// How many rows the VALUES of an INSERT hold; nil for any other statement, and for `INSERT ... SELECT`.
  var insertedRows: Int? {
    switch values {
    case .none: nil
    case .counting(let rows), .counted(let rows): rows
    }
  }

  /// Goes on scanning.
  ///
  /// - Parameters:
  ///   - bytes: the statement from its first byte on, as far as it has been read.
  ///   - isLast: whether no more bytes will come after these.
  mutating func scan(_ bytes: Span<UInt8>, isLast: Bool) -> Outcome {
    while true {
      let token = tokens.next(in: bytes, isLast: isLast)
      switch token.kind {
      case .symbol:
        switch bytes[token.start] {
        case Ascii.open: open()
        case Ascii.close: if parenthesisDepth > 0 { parenthesisDepth -= 1 }
        case Ascii.backslash: return .metaCommand(at: token.start)
        case Ascii.semicolon where parenthesisDepth == 0 && bodyDepth == 0: return .complete(end: token.end)
        default: break
        }
      case .word: if parenthesisDepth == 0 { note(word: token, in: bytes) }
      case .quotedIdentifier, .string, .dollarString, .number: break
      case .end, .incomplete: return .incomplete
      }
    }
  }

  private mutating func open() {
    if parenthesisDepth == 0, case .counting(let rows) = values { values = .counting(rows + 1) }
    parenthesisDepth += 1
  }

  /// Takes a word outside of parentheses into account.
  private mutating func note(word: SQLToken, in bytes: Span<UInt8>) {
    func isWord(_ text: StaticString) -> Bool { bytes.isWord(text, at: word) }
    switch head {
    case .other: break
    case .start: head = isWord("insert") ? .insert(afterDefault: false) : isWord("create") ? .create : .other
    case .create: head = isRoutine(word, in: bytes) ? .routine(afterBegin: false) : isWord("or") ? .createOr : .other
    case .createOr: head = isWord("replace") ? .createOrReplace : .other
    case .createOrReplace: head = isRoutine(word, in: bytes) ? .routine(afterBegin: false) : .other
    case .routine(let afterBegin):
      if bodyDepth > 0 {
        if isWord("case") { bodyDepth += 1 } else if isWord("end") { bodyDepth -= 1 }
      } else if afterBegin, isWord("atomic") {
        bodyDepth = 1
      }
      head = .routine(afterBegin: bodyDepth == 0 && isWord("begin"))
    case .insert(let afterDefault):
      if case .counting(let rows) = values {
        values = .counted(rows)
        head = .other
      } else if isWord("values") {
        values = afterDefault ? .counted(1) : .counting(0)
        if afterDefault { head = .other }
      } else if isWord("select") {
        head = .other
      } else {
        head = .insert(afterDefault: isWord("default"))
      }
    }
  }

  private func isRoutine(_ word: SQLToken, in bytes: Span<UInt8>) -> Bool {
    bytes.isWord("function", at: word) || bytes.isWord("procedure", at: word)
  }
}
