internal import Glibc
internal import PostgresKit
internal import RecoverBase

/// Reads what pg_dump writes of large objects while it writes, through a named pipe: without header and footer, and
/// summed.
struct LargeObjectPipe: Sendable {
  let path: String

  init(path: String) throws {
    self.path = path
    guard unsafe mkfifo(path, 0o600) == 0 else { throw RecoverError.system(.noSpace, "can't make \(path)") }
  }

  /// Reads to the end.
  ///
  /// - Parameter ended: raised when the writer is gone; one that never came leaves nothing to read.
  func read(
    _ interruption: Interruption, ended: Interruption, into writer: inout LargeObjectWriter
  ) throws -> LargeObjectSum {
    // Without waiting for a writer: pg_dump may fail before it opens the pipe.
    let descriptor = unsafe open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else { throw RecoverError.system(.unreachable, "can't open \(path)") }
    defer { close(descriptor) }
    var sum = LargeObjectSum()
    var held: [UInt8] = []
    var hasBegun = false
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      try interruption.check()
      let wasOver = ended.isRaised
      let count = unsafe buffer.withUnsafeMutableBytes { unsafe Glibc.read(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno != EAGAIN, errno != EINTR { throw RecoverError.system(.unreachable, "can't read \(path)") }
      guard count > 0 else {
        if wasOver { break }
        wait(descriptor, isOpen: count < 0)
        continue
      }
      held += buffer[..<count]
      if !hasBegun {
        guard let start = DumpSection.entriesStart(in: held[...]) else { continue }
        held.removeFirst(start)
        hasBegun = true
      }
      // The footer is only known at the end.
      let ready = held.count - DumpSection.footerLimit
      guard ready > 0 else { continue }
      sum.read(held[..<ready])
      try writer.write(held[..<ready])
      held.removeFirst(ready)
    }
    guard hasBegun else { return sum }
    let rest = held[..<(DumpSection.footerStart(in: held[...]) ?? held.count)]
    sum.read(rest)
    try writer.write(rest)
    return sum
  }

  /// Waits for bytes, or a little where nobody writes yet.
  private func wait(_ descriptor: Int32, isOpen: Bool) {
    var request = pollfd(fd: descriptor, events: isOpen ? Int16(POLLIN) : 0, revents: 0)
    _ = unsafe poll(&request, isOpen ? 1 : 0, isOpen ? 100 : 10)
  }
}

/// Writes large objects into members of their own, between which rows may stand.
struct LargeObjectWriter: ~Copyable {
  private let sink: MemberWriter
  private var cutter: LargeObjectCutter

  init(_ sink: MemberWriter, memberBytes: Int) {
    self.sink = sink
    cutter = LargeObjectCutter(pieceBytes: memberBytes)
  }

  mutating func write(_ text: ArraySlice<UInt8>) throws {
    let sink = sink
    try cutter.take(text) { try sink.write($0.bytes.span, [], keepsTurn: $0.goesOn) }
  }

  /// After the last statement.
  mutating func finish() throws {
    let sink = sink
    try cutter.finish { try sink.write($0.bytes.span, [], keepsTurn: $0.goesOn) }
  }
}
