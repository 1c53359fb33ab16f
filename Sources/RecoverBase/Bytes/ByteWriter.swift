/// Writes numbers and texts as bytes that a ``ByteReader`` reads again: small numbers take few bytes.
package struct ByteWriter {
  package private(set) var bytes: [UInt8] = []

  package init() {}

  /// A number, in 1 to 10 bytes: seven bits a byte, the lowest first, the sign in the first one.
  package mutating func put(_ number: Int64) {
    var rest = UInt64(bitPattern: number << 1 ^ number >> 63)
    while rest > 0x7F {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  package mutating func put(_ number: Int) { put(Int64(number)) }

  /// Bytes, behind their number.
  package mutating func put(_ content: [UInt8]) {
    put(content.count)
    bytes += content
  }

  package mutating func put(_ text: String) { put(Array(text.utf8)) }

  /// What may be there or not.
  package mutating func put<Value>(_ value: Value?, _ write: (inout ByteWriter, Value) -> Void) {
    put(value == nil ? 0 : 1)
    if let value { write(&self, value) }
  }

  /// Values, behind their number.
  package mutating func put<Value>(_ values: [Value], _ write: (inout ByteWriter, Value) -> Void) {
    put(values.count)
    for value in values { write(&self, value) }
  }
}
