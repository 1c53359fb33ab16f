/// Some ranges of a file, one behind the other.
package struct FileRangesSource: ByteSource, ~Copyable {
  private let path: String
  private let next: () -> Range<Int64>?
  private var range: Range<Int64>?
  private var source: FileSource

  /// - Parameter next: gives the ranges in the order in which they are read, and nil behind the last one; none is empty.
  /// - Throws: ``RecoverError`` `unreachable` when the file can't be opened.
  package init(path: String, next: @escaping () -> Range<Int64>?) throws {
    self.path = path
    self.next = next
    range = next()
    source = try FileSource(path: path, offset: range?.lowerBound ?? 0)
  }

  /// The place in the file behind what was read last: what was read at once never goes over the end of a range.
  package var consumedBytes: Int64 { source.consumedBytes }

  package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    if let ended = range, source.consumedBytes >= ended.upperBound {
      range = next()
      if let range, range.lowerBound != source.consumedBytes {
        source = try FileSource(path: path, offset: range.lowerBound)
      }
    }
    guard let range else { return 0 }
    let wanted = Int(min(Int64(buffer.count), range.upperBound - source.consumedBytes))
    let count = try unsafe source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
    guard count > 0 || wanted == 0 else {
      throw RecoverError(
        .backupRefused, "\(path) ends at byte \(source.consumedBytes), and it had more",
        hint: "it was changed meanwhile; use another copy of this backup")
    }
    return count
  }
}
