package import RecoverBase

/// Bytes in memory as a source that gives them in pieces of chosen sizes.
package struct MemorySource: ByteSource, ~Copyable {
  private let bytes: [UInt8]
  private var position: Int
  private var sizes: SeededGenerator?
  private let largestRead: Int

  /// - Parameters:
  ///   - offset: where reading starts.
  ///   - largestRead: no read gives more bytes.
  ///   - seed: where it is given, every read gives a random number of bytes from 1 on.
  package init(_ bytes: [UInt8], from offset: Int = 0, largestRead: Int = .max, seed: UInt64? = nil) {
    self.bytes = bytes
    position = offset
    self.largestRead = largestRead
    sizes = seed.map { SeededGenerator(seed: $0) }
  }

  package var consumedBytes: Int64 { Int64(position) }

  package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var count = min(buffer.count, bytes.count - position, largestRead)
    if count > 1, sizes != nil { count = sizes?.int(1...count) ?? count }
    unsafe buffer.copyBytes(from: bytes[position..<position + count])
    position += count
    return count
  }
}

extension ByteSource where Self: ~Copyable {
  /// Everything that is left.
  ///
  /// - Parameter readBytes: how many bytes are asked for at once.
  package mutating func readAll(readBytes: Int = 4096) throws -> [UInt8] {
    var all: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: readBytes)
    while true {
      let count = unsafe try buffer.withUnsafeMutableBytes { unsafe try read(into: $0) }
      guard count > 0 else { return all }
      all += buffer.prefix(count)
    }
  }
}
