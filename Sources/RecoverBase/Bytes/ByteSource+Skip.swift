extension ByteSource where Self: ~Copyable {
  /// Reads and forgets bytes.
  ///
  /// - Returns: how many there were; fewer than `count` only at the end.
  package mutating func skip(_ count: Int64) throws -> Int64 {
    var left = count
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while left > 0 {
      let size = Int(min(left, Int64(buffer.count)))
      let read = try unsafe buffer.withUnsafeMutableBytes { bytes in
        try unsafe self.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[..<size]))
      }
      if read == 0 { break }
      left -= Int64(read)
    }
    return count - left
  }
}
