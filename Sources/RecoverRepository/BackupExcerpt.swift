package import RecoverBase

/// Some members of a backup's dump, one behind the other: a gzip file and a dump by itself.
///
/// Its offsets and lines are its own; ``Member/original`` says where a member's content stands in the whole.
package struct BackupExcerpt: Sendable, Hashable, Codable {
  package private(set) var members: [Member] = []
  /// Where it ends.
  private var end = Place(offset: 0, line: 1)

  package struct Member: Sendable, Hashable, Codable {
    /// In the whole dump, from 1 on.
    package var number: Int
    /// Where it stands in the file.
    package var offset: Int64
    package var bytes: Int64
    /// Where its content begins in the excerpt.
    package var place: Place
    /// Where its content begins in the whole dump.
    package var original: Place
  }

  /// The first byte of something in a decompressed dump, from 0 on, and its line, from 1 on.
  package struct Place: Sendable, Hashable, Codable {
    package var offset: Int64
    package var line: Int64

    package init(offset: Int64, line: Int64) {
      self.offset = offset
      self.line = line
    }
  }

  package init() {}

  /// Adds the next member.
  ///
  /// - Parameters:
  ///   - line: of its first byte in the whole dump.
  ///   - lines: how many it has.
  package mutating func add(_ entry: MemberEntry, number: Int, line: Int64, lines: Int64) {
    members.append(
      Member(
        number: number, offset: entry.offset, bytes: entry.bytes, place: end,
        original: Place(offset: entry.contentOffset, line: line)))
    end.offset += entry.contentBytes
    end.line += lines
  }

  /// Of its content.
  package var contentBytes: Int64 { end.offset }
  package var fileBytes: Int64 { members.reduce(0) { $0 + $1.bytes } }

  /// What it is, for comparison.
  package var digest: Digest {
    get throws { Digest(of: try JSONValue.canonicalBytes(of: self)) }
  }

  /// The index of the last member that begins at or before an offset of the excerpt; nil where there is none.
  package func member(at offset: Int64) -> Int? {
    var (low, high) = (0, members.count)
    while low < high {
      let middle = (low + high) / 2
      if members[middle].place.offset <= offset { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? low - 1 : nil
  }

  /// Where a member stands in the file, and those that follow it there as they do here, up to some.
  ///
  /// - Returns: nil behind the last member.
  package func fileRange(from first: Int) -> (range: Range<Int64>, next: Int)? {
    guard first < members.count else { return nil }
    var (end, next) = (members[first].offset + members[first].bytes, first + 1)
    while next < members.count, next - first < 64, members[next].offset == end {
      end += members[next].bytes
      next += 1
    }
    return (members[first].offset..<end, next)
  }
}
