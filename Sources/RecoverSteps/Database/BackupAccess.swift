package import ArchiveKit
internal import Glibc
package import RecoverBase

/// The places from which a compressed backup can be read without what comes before, in the order of the file.
///
/// What inflation needs at a place is kept in a file, and read when the place is used.
package struct BackupAccess: Sendable, Hashable {
  /// The file that holds the windows.
  package var path: String
  package var points: [Point] = []

  package struct Point: Sendable, Hashable {
    package var place: GzipAccessPoint
    /// Where the window stands in the file; an empty one is nowhere.
    package var windowOffset: Int64
    package var windowBytes: Int
    package var windowDigest: Digest
  }

  /// The compressed backup, to be read from the last usable place at or before an offset; nil where there is none.
  ///
  /// A place whose window is damaged is not used.
  package func source(of backup: String, at offset: Int64) throws -> GzipSource<FileSource>? {
    var end = points.partitioningIndex { $0.place.offset > offset }
    while end > 0 {
      end -= 1
      let point = points[end]
      guard let window = window(of: point) else { continue }
      let file = try FileSource(path: backup, offset: point.place.fileOffset)
      return try GzipSource(file, named: backup, at: point.place, window: window)
    }
    return nil
  }

  private func window(of point: Point) -> [UInt8]? {
    guard point.windowBytes > 0 else { return [] }
    guard let window = try? FileSource.bytes(of: path, at: point.windowOffset, count: point.windowBytes),
      Digest(of: window) == point.windowDigest
    else { return nil }
    return window
  }
}

extension Array {
  /// The index of the first element that belongs to the second part; those of the first part stand before it.
  fileprivate func partitioningIndex(where isInSecondPart: (Element) -> Bool) -> Int {
    var (low, high) = (0, count)
    while low < high {
      let middle = (low + high) / 2
      if isInSecondPart(self[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
