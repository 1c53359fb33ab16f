internal import Glibc
internal import RecoverBase
internal import RecoverEngine

/// A lock file in the directory whose names a run exchanges: it keeps out runs with another state directory.
///
/// flock(2), so that it goes with the process that holds it, however that ends. The file says who; it is removed when the
/// lock is released, and a file that a dead process left holds nobody up.
final class TreeLock: HeldTargetLock {
  static let name = ".recover.lock"

  private let descriptor: Int32
  private let path: String

  private init(descriptor: Int32, path: String) {
    self.descriptor = descriptor
    self.path = path
  }

  deinit { close(descriptor) }

  /// Takes the lock of a directory.
  ///
  /// - Throws: ``RecoverError`` `claimed` with who holds it, `missingRequirement` without the right to write there.
  static func take(_ home: String, run: String, host: String) throws -> TreeLock {
    let path = home == "/" ? "/\(name)" : "\(home)/\(name)"
    while true {
      let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
      guard descriptor >= 0 else {
        let isForbidden = errno == EACCES || errno == EPERM || errno == EROFS
        throw RecoverError.system(isForbidden ? .missingRequirement : .unreachable, "can't make the lock file \(path)")
      }
      let lock = TreeLock(descriptor: descriptor, path: path)
      guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
        guard errno == EWOULDBLOCK else { throw RecoverError.system(.unreachable, "can't lock \(path)") }
        throw lock.claimed(home)
      }
      // Between open and lock its holder may have removed it: then somebody else may have made another.
      guard lock.isNamed else { continue }
      let text = "run \(run) on \(host), process \(getpid())\n"
      _ = ftruncate(descriptor, 0)
      _ = unsafe pwrite(descriptor, text, text.utf8.count, 0)
      return lock
    }
  }

  /// Looks whether a run holds the lock; leaves nothing behind.
  ///
  /// - Throws: ``RecoverError`` `claimed`.
  static func requireFree(_ home: String) throws {
    let path = home == "/" ? "/\(name)" : "\(home)/\(name)"
    let descriptor = unsafe open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    let lock = TreeLock(descriptor: descriptor, path: path)
    guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK else {
      throw lock.claimed(home)
    }
  }

  func isHeld() async -> Bool { isNamed }

  func release() async { unlock() }

  /// Removes the file while it is still ours.
  func unlock() {
    if isNamed { unsafe unlink(path) }
    _ = flock(descriptor, LOCK_UN)
  }

  /// Whether the name still stands for the file that is locked.
  private var isNamed: Bool {
    var (ours, named) = (stat(), stat())
    guard unsafe fstat(descriptor, &ours) == 0, unsafe lstat(path, &named) == 0 else { return false }
    return ours.st_ino == named.st_ino && ours.st_dev == named.st_dev
  }

  private func claimed(_ home: String) -> RecoverError {
    RecoverError(
      .claimed, "\(home) is locked by \(owner)", hint: "wait until it has ended; recover runs lists what runs here")
  }

  private var owner: String {
    var buffer = [UInt8](repeating: 0, count: 200)
    let count = unsafe pread(descriptor, &buffer, buffer.count, 0)
    let text = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).split(separator: "\n").first ?? ""
    return text.isEmpty ? "another process" : String(text)
  }
}
