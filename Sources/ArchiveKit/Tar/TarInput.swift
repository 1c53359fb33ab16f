internal import RecoverBase

/// The bytes of an archive, buffered: blocks for headers, pieces of any size for data.
@safe struct TarInput<Source: ByteSource & ~Copyable>: ~Copyable {
  private(set) var source: Source
  private let buffer: UnsafeMutableRawBufferPointer
  private var start = 0
  private var end = 0
  private var isAtEnd = false
  /// How many bytes of the archive have been taken.
  private(set) var offset: Int64 = 0

  init(_ source: consuming Source, bufferBytes: Int) {
    self.source = source
    unsafe buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: bufferBytes, alignment: 16)
  }

  deinit { unsafe buffer.deallocate() }

  /// Reads until so many bytes are in the buffer, or the source ends.
  ///
  /// - Returns: how many there are, which may be more.
  private mutating func fill(_ count: Int) throws -> Int {
    if end - start < count, start > 0 {
      unsafe buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[start..<end]))
      end -= start
      start = 0
    }
    while end - start < count, !isAtEnd {
      let read = try unsafe source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[end...]))
      end += read
      isAtEnd = read == 0
    }
    return end - start
  }

  /// Takes the next block; what there is of it where the source ends in it, and nothing at the end.
  mutating func block() throws -> [UInt8] {
    let count = min(try fill(TarHeader.byteCount), TarHeader.byteCount)
    let block = unsafe [UInt8](UnsafeRawBufferPointer(rebasing: buffer[start..<start + count]))
    take(count)
    return block
  }

  /// Takes up to so many bytes of data, as many as fit.
  ///
  /// - Returns: 0 at the end, or where nothing is asked for.
  mutating func read(into target: UnsafeMutableRawBufferPointer, atMost limit: Int64) throws -> Int {
    let wanted = Int(min(Int64(target.count), limit))
    guard wanted > 0 else { return 0 }
    // Large pieces go past the buffer.
    if start == end, unsafe wanted >= buffer.count, !isAtEnd {
      let read = try unsafe source.read(into: UnsafeMutableRawBufferPointer(rebasing: target[..<wanted]))
      isAtEnd = read == 0
      offset += Int64(read)
      return read
    }
    let count = min(try fill(1), wanted)
    unsafe target.copyMemory(from: UnsafeRawBufferPointer(rebasing: buffer[start..<start + count]))
    take(count)
    return count
  }

  /// Takes bytes and forgets them.
  ///
  /// - Returns: how many there were; fewer than `count` only at the end.
  mutating func skip(_ count: Int64) throws -> Int64 {
    var left = count
    while left > 0 {
      let there = try fill(1)
      if there == 0 { break }
      let taken = min(Int64(there), left)
      take(Int(taken))
      left -= taken
    }
    return count - left
  }

  /// Takes everything to the end where all of it is zero.
  ///
  /// - Returns: the offset of the first byte that is not.
  mutating func skipZeros() throws -> Int64? {
    while try fill(1) > 0 {
      let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[start..<end])
      if let place = unsafe rest.firstIndex(where: { $0 != 0 }) { return offset + Int64(place) }
      take(end - start)
    }
    return nil
  }

  private mutating func take(_ count: Int) {
    start += count
    offset += Int64(count)
  }
}
