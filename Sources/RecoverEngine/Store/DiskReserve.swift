internal import Glibc

/// Space on the state directory's disk that is kept back, so that a compensation can still be journaled when
/// the disk is full.
struct DiskReserve: Sendable {
  let path: String
  private static let sizeBytes: off_t = 4 << 20

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

  /// Gives the space back to the file system.
  ///
  /// - Returns: whether there was any to give.
  func release() -> Bool {
    var status = stat()
    guard unsafe stat(path, &status) == 0, status.st_size > 0 else { return false }
    return unsafe unlink(path) == 0
  }
}
