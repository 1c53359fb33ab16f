internal import PostgresKit
internal import RecoverBase

extension LoadPlaces {
  /// The index, where the backup can be read from any of its places without most of what comes before.
  init(_ file: BackupFile, _ map: DumpIndexFile) {
    let isShort = map.index.byteCount <= Self.smallBytes
    if file.excerpt == nil, file.compression == .gzip, map.access.points.isEmpty, !isShort {
      self = .unknown("the places are not known from which the .gz can be read")
    } else {
      self.init(file, index: map.index)
    }
  }

  /// The same for a backup whose places are about to be kept, if they can be.
  init(_ file: BackupFile, index: DumpIndex) {
    self = file.compression == .zstd ? .unknown("zstd can be read only from the front") : .known(index)
  }

  /// What is read from the front in no time.
  private static let smallBytes: Int64 = 32 << 20
}
