internal import RecoverBase

/// What the open transaction of a load holds so far, and the statements that are collected but not sent yet.
struct LoadBatch {
  /// Whether the server has a transaction open.
  private(set) var isOpen = false
  /// How many statements it holds.
  var units = 0
  /// Where in the dump it began.
  private(set) var startOffset: Int64 = 0
  private var startedAt = Moment(nanoseconds: 0)
  /// Rows by table, as the server counted them.
  var rows: [SQLName: Int64] = [:]
  /// Whether any of its statements may have drawn from a sequence.
  private(set) var mayDraw = false
  private var group: Group?

  /// Statements that are sent in one message.
  struct Group {
    var text: [UInt8]
    /// Of each statement, what its rows are counted for.
    var tables: [SQLName?] = []
    /// With the BEGIN that may stand in front.
    var commandCount: Int
    let startOffset: Int64
  }

  /// A message takes this much: round trips are few then, and the server's parse trees small.
  private static let groupBytes = 64 << 10

  mutating func open(at offset: Int64) {
    isOpen = true
    startOffset = offset
    startedAt = .now
  }

  mutating func add(_ statement: Span<UInt8>, at offset: Int64, table: SQLName?, mayDraw: Bool) {
    var group = self.group ?? newGroup(at: offset)
    self.group = nil
    unsafe statement.withUnsafeBufferPointer { unsafe group.text.append(contentsOf: $0) }
    group.tables.append(table)
    group.commandCount += 1
    units += 1
    self.mayDraw = self.mayDraw || mayDraw
    self.group = group
  }

  private mutating func newGroup(at offset: Int64) -> Group {
    let isFirst = !isOpen
    if isFirst { open(at: offset) }
    return Group(
      text: isFirst ? Array("BEGIN;".utf8) : [], commandCount: isFirst ? 1 : 0, startOffset: offset)
  }

  mutating func noteDraw() { mayDraw = true }

  var isGroupFull: Bool { (group?.text.count ?? 0) >= Self.groupBytes }

  /// Where the statements that are being sent began; nil once they have succeeded.
  var groupStartOffset: Int64?

  mutating func takeGroup() -> Group? {
    defer { group = nil }
    groupStartOffset = group?.startOffset
    return group
  }

  /// Whether it has taken time that is worth keeping: a tenth of the longest time.
  func isOld(_ request: LoadRequest) -> Bool {
    isOpen && Moment.now - startedAt >= request.commitInterval / 10
  }

  /// Whether it is time to commit.
  func isDue(at offset: Int64, _ request: LoadRequest) -> Bool {
    guard isOpen else { return false }
    return offset - startOffset >= Int64(request.commitBytes) || Moment.now - startedAt >= request.commitInterval
  }
}
