package import RecoverBase

/// One gzip member of a tree's archive: a line of the index beside it, in the order of the file.
package struct ArchiveEntry: Sendable, Hashable, Codable {
  /// Where it begins in the file, and how long it is there.
  package var offset: Int64
  package var bytes: Int64
  /// Where its content begins in the tar archive, and how long it is.
  package var contentOffset: Int64
  package var contentBytes: Int64
  /// Of the content, as the member's trailer has it.
  package var crc32: UInt32
  /// Of the member's bytes in the file.
  package var sha256: Digest
  /// The first file whose headers begin in it; nil where a file goes on through all of it.
  package var first: First?

  package struct First: Sendable, Hashable, Codable {
    /// As the archive has it, where that is UTF-8; else as hexadecimal digits.
    package var name: String?
    package var nameHex: String?
    /// Where its headers begin in the tar archive.
    package var offset: Int64

    private enum CodingKeys: String, CodingKey {
      case name
      case nameHex = "name-hex"
      case offset
    }

    package init(name bytes: [UInt8], offset: Int64) {
      name = String(validating: bytes, as: UTF8.self)
      if name == nil {
        nameHex = bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
      }
      self.offset = offset
    }

    /// The bytes of the name; nil where the line is damaged.
    package var bytes: [UInt8]? {
      if let name { return Array(name.utf8) }
      guard let digits = nameHex.map({ Array($0.utf8) }), digits.count % 2 == 0 else { return nil }
      var bytes: [UInt8] = []
      for index in stride(from: 0, to: digits.count, by: 2) {
        guard let byte = UInt8(String(decoding: digits[index..<index + 2], as: UTF8.self), radix: 16) else {
          return nil
        }
        bytes.append(byte)
      }
      return bytes
    }
  }

  package init(
    offset: Int64, bytes: Int64, contentOffset: Int64, contentBytes: Int64, crc32: UInt32, sha256: Digest, first: First?
  ) {
    self.offset = offset
    self.bytes = bytes
    self.contentOffset = contentOffset
    self.contentBytes = contentBytes
    self.crc32 = crc32
    self.sha256 = sha256
    self.first = first
  }

  /// The line of the index, with its newline.
  package func line() throws -> [UInt8] { try JSONValue.canonicalBytes(of: self) + [UInt8(ascii: "\n")] }

  /// - Throws: `DecodingError` for what is no line of an index.
  package static func read(_ line: [UInt8]) throws -> ArchiveEntry {
    try JSONValue.decode(ArchiveEntry.self, from: line)
  }
}
