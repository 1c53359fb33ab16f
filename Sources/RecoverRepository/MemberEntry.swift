package import RecoverBase

/// One gzip member of a dump: a line of the index beside it, in the order of the file.
package struct MemberEntry: Sendable, Hashable, Codable {
  /// Where it begins in the file, and how long it is there.
  package var offset: Int64
  package var bytes: Int64
  /// Where its content begins in the decompressed dump, and how long it is.
  package var contentOffset: Int64
  package var contentBytes: Int64
  /// Of the content, as the member's trailer has it.
  package var crc32: UInt32
  /// Of the member's bytes in the file.
  package var sha256: Digest
  /// The COPY blocks in it, in order.
  package var chunks: [Chunk]
  /// The newlines in its content; nil in an index of before they were counted.
  package var lines: Int64?
  /// Whether it holds nothing but large objects.
  package var largeObjects: Bool?

  /// The rows of one COPY block.
  package struct Chunk: Sendable, Hashable, Codable {
    /// The table's place in the manifest.
    package var table: Int
    /// Where the first row begins in the member's content.
    package var offset: Int64
    package var content: ContentSum

    package init(table: Int, offset: Int64, content: ContentSum) {
      self.table = table
      self.offset = offset
      self.content = content
    }
  }

  package init(
    offset: Int64, bytes: Int64, contentOffset: Int64, contentBytes: Int64, crc32: UInt32, sha256: Digest,
    chunks: [Chunk], lines: Int64? = nil, largeObjects: Bool? = nil
  ) {
    self.offset = offset
    self.bytes = bytes
    self.contentOffset = contentOffset
    self.contentBytes = contentBytes
    self.crc32 = crc32
    self.sha256 = sha256
    self.chunks = chunks
    self.lines = lines
    self.largeObjects = largeObjects
  }

  /// The line of the index, with its newline.
  package func line() throws -> [UInt8] { try JSONValue.canonicalBytes(of: self) + [UInt8(ascii: "\n")] }

  /// - Throws: `DecodingError` for what is no line of an index.
  package static func read(_ line: [UInt8]) throws -> MemberEntry {
    try JSONValue.decode(MemberEntry.self, from: line)
  }
}
