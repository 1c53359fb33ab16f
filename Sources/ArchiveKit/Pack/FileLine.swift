package import RecoverBase

/// What the list beside an archive says of one entry: a line of JSON with sorted keys.
///
/// A function of what a ``TarReader`` finds, so that whoever reads the archive can compare line by line.
package enum FileLine {
  /// The line, with its newline.
  ///
  /// - Parameter digest: the SHA-256 of a file's data; of a sparse one without its holes.
  package static func append(_ member: TarMember, _ digest: Digest?, to line: inout [UInt8]) {
    line.append(UInt8(ascii: "{"))
    if let digest, member.sparse != nil { put("data-sha256", digest, &line) }
    put("kind", Array(member.kindText.utf8), &line)
    putName("name", "name-hex", member.name.bytes, &line)
    put("offset", member.offset, &line)
    if let digest, member.sparse == nil { put("sha256", digest, &line) }
    if member.kind == .file { put("size", member.size, &line) }
    if let target = member.linkTarget { putName("target", "target-hex", target.bytes, &line) }
    line.removeLast()
    line += [UInt8(ascii: "}"), UInt8(ascii: "\n")]
  }

  private static func key(_ key: StaticString, _ line: inout [UInt8]) {
    line.append(UInt8(ascii: "\""))
    unsafe line.append(contentsOf: UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount))
    line += [UInt8(ascii: "\""), UInt8(ascii: ":")]
  }

  private static func put(_ name: StaticString, _ number: Int64, _ line: inout [UInt8]) {
    key(name, &line)
    line += String(number).utf8
    line.append(UInt8(ascii: ","))
  }

  private static func put(_ name: StaticString, _ digest: Digest, _ line: inout [UInt8]) {
    put(name, hex(digest.bytes), &line)
  }

  private static func hex(_ bytes: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(2 * bytes.count)
    for byte in bytes {
      for digit in [byte >> 4, byte & 15] {
        text.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") - 10 + digit)
      }
    }
    return text
  }

  /// Text that needs no escaping.
  private static func put(_ name: StaticString, _ text: [UInt8], _ line: inout [UInt8]) {
    key(name, &line)
    line.append(UInt8(ascii: "\""))
    line += text
    line += [UInt8(ascii: "\""), UInt8(ascii: ",")]
  }

  /// A name as text (RFC 8259, section 7), or, where it is no UTF-8, as hexadecimal digits.
  private static func putName(_ name: StaticString, _ otherwise: StaticString, _ bytes: [UInt8], _ line: inout [UInt8])
  {
    if bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }) {
      return put(name, bytes, &line)
    }
    guard String(validating: bytes, as: UTF8.self) != nil else { return put(otherwise, hex(bytes), &line) }
    var text: [UInt8] = []
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): text += [UInt8(ascii: "\\"), byte]
      case 0..<0x20: text += Array("\\u00".utf8) + hex([byte])
      default: text.append(byte)
      }
    }
    put(name, text, &line)
  }
}
