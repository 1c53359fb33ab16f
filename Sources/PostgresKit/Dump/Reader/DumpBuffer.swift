internal import RecoverBase

/// The part of the dump that is in memory: what was given out last, and behind it what was read ahead.
@safe
struct DumpBuffer: ~Copyable {
  private var memory: UnsafeMutableBufferPointer<UInt8>
  /// The piece that was given out last; it is kept until the next ``fill(from:)``.
  private var current = 0..<0
  private var filled = 0
  /// Whether the source has no more bytes.
  private(set) var isAtEnd = false

  init(capacity: Int) {
    precondition(capacity > 0, "a buffer without room")
    unsafe memory = UnsafeMutableBufferPointer.allocate(capacity: capacity)
  }

  deinit { unsafe memory.deallocate() }

  /// How many bytes were read ahead.
  var unreadCount: Int { filled - current.upperBound }

  /// Gives out the next so many bytes.
  mutating func take(_ count: Int) {
    precondition(count >= 0 && count <= unreadCount, "more bytes than there are")
    current = current.upperBound..<current.upperBound + count
  }

  /// Calls `body` with the piece that was given out last.
  func withCurrent<Result: ~Copyable>(_ body: (Span<UInt8>) throws -> Result) rethrows -> Result {
    try with(current, body)
  }

  /// Calls `body` with the bytes that were read ahead.
  func withUnread<Result: ~Copyable>(_ body: (Span<UInt8>) throws -> Result) rethrows -> Result {
    try with(current.upperBound..<filled, body)
  }

  private func with<Result: ~Copyable>(
    _ range: Range<Int>, _ body: (Span<UInt8>) throws -> Result
  ) rethrows -> Result {
    let slice = unsafe UnsafeBufferPointer(rebasing: memory[range])
    return try unsafe body(slice.span)
  }

  /// Reads until the buffer is full or the source ends; a buffer that is full of unread bytes doubles first.
  ///
  /// Filling it wholly bounds how often the same bytes are looked at, however small the reads are.
  mutating func fill<Source: ByteSource & ~Copyable>(from source: inout Source) throws {
    let unread = unreadCount
    let old = unsafe memory
    if unread == old.count { unsafe memory = .allocate(capacity: unread * 2) }
    let moved = unsafe UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: old[current.upperBound..<filled]))
    unsafe UnsafeMutableRawBufferPointer(memory).copyMemory(from: moved)
    if unsafe memory.count != old.count { unsafe old.deallocate() }
    current = 0..<0
    filled = unread
    while unsafe filled < memory.count, !isAtEnd {
      let count = try unsafe source.read(into: .init(UnsafeMutableBufferPointer(rebasing: memory[filled...])))
      isAtEnd = count == 0
      filled += count
    }
  }
}
