internal import Glibc

/// Space on the state directory's disk that is kept back, so that a compensation can still be journaled when
/// the disk is full.
struct DiskReserve: Sendable {
  let path: String
  /// The log grows to 1000 pages (4 MiB) before SQLite starts it anew, so half of this is for what it folds into
  /// the database: hundreds of records, whatever state the log is in.
  private static let sizeBytes: off_t = 8 << 20

  init(path: String) { self.path = path }

  /// Allocates the reserve if it is not there; a disk that is too full for it is left alone.
  func fill() {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_size < Self.sizeBytes else { return }
    if posix_fallocate(descriptor, 0, Self.sizeBytes) != 0 { ftruncate(descriptor, 0) }
  }

  /// Whether there is any space to give back.
  var isThere: Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_size > 0
  }

  /// Gives the space back to the file system.
  ///
  /// - Returns: whether there was any to give.
  func release() -> Bool {
    guard isThere else { return false }
    return unsafe unlink(path) == 0
  }
}
