/// Reads what a ``ByteWriter`` wrote; bytes that it did not write give an error, never a trap or much memory.
package struct ByteReader {
  private let bytes: [UInt8]
  private var index = 0

  package init(_ bytes: [UInt8]) { self.bytes = bytes }

  package struct Damaged: Error, Hashable {
    package init() {}
  }

  package var isAtEnd: Bool { index == bytes.count }

  package mutating func number() throws -> Int64 {
    var (value, shift) = (UInt64(0), UInt64(0))
    while index < bytes.count, shift < 64 {
      let byte = bytes[index]
      index += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1) }
      shift += 7
    }
    throw Damaged()
  }

  package mutating func int() throws -> Int {
    guard let value = Int(exactly: try number()) else { throw Damaged() }
    return value
  }

  /// How many things follow; each of them takes a byte at least.
  private mutating func count() throws -> Int {
    let count = try int()
    guard count >= 0, count <= bytes.count - index else { throw Damaged() }
    return count
  }

  package mutating func content() throws -> [UInt8] {
    let count = try count()
    defer { index += count }
    return Array(bytes[index..<index + count])
  }

  package mutating func text() throws -> String {
    guard let text = String(validating: try content(), as: UTF8.self) else { throw Damaged() }
    return text
  }

  package mutating func optional<Value>(_ read: (inout ByteReader) throws -> Value) throws -> Value? {
    switch try number() {
    case 0: nil
    case 1: try read(&self)
    default: throw Damaged()
    }
  }

  package mutating func array<Value>(_ read: (inout ByteReader) throws -> Value) throws -> [Value] {
    let count = try count()
    var values: [Value] = []
    values.reserveCapacity(count)
    for _ in 0..<count { values.append(try read(&self)) }
    return values
  }
}
