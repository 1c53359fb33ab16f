internal import Glibc
package import RecoverBase

/// The bytes of a backup, decompressed: all of them, or the ranges that a selection keeps, one behind the other.
package struct DumpSource: ByteSource, ~Copyable {
  private var source: MovingSource
  /// nil is everything.
  private let ranges: [Range<Int64>]?
  /// The range that is read.
  private var number = 0
  /// How many bytes were given; progress is told in those.
  package private(set) var consumedBytes: Int64

  /// - Parameters:
  ///   - ranges: of the decompressed backup, in its order.
  ///   - offset: of the first byte that is wanted, in what the ranges make.
  ///   - access: the places that are known of a gzip file.
  package init(
    _ file: BackupFile, ranges: [Range<Int64>]? = nil, offset: Int64 = 0, access: BackupAccess? = nil,
    _ interruption: Interruption? = nil
  ) throws {
    var start = offset
    if let ranges {
      var before: Int64 = 0
      while number < ranges.count, before + Self.size(ranges[number]) <= offset {
        before += Self.size(ranges[number])
        number += 1
      }
      start = number < ranges.count ? ranges[number].lowerBound + offset - before : 0
    }
    self.ranges = ranges
    consumedBytes = offset
    source = try MovingSource(file, at: start, access: access, interruption)
  }

  private static func size(_ range: Range<Int64>) -> Int64 { range.upperBound - range.lowerBound }

  package mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard let ranges else {
      let count = try unsafe source.read(into: buffer)
      consumedBytes += Int64(count)
      return count
    }
    while number < ranges.count, source.offset >= ranges[number].upperBound {
      number += 1
      if number < ranges.count { try source.move(to: ranges[number].lowerBound) }
    }
    guard number < ranges.count else { return 0 }
    let wanted = Int(min(Int64(buffer.count), ranges[number].upperBound - source.offset))
    let count = try unsafe source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<wanted]))
    guard count > 0 || wanted == 0 else {
      throw RecoverError(
        .backupRefused, "the backup is shorter than it was: byte \(source.offset) is not there any more")
    }
    consumedBytes += Int64(count)
    return count
  }
}
