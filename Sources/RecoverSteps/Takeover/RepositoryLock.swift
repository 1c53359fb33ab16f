internal import Glibc
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import Synchronization

/// A lock on a git repository, beside its refs: kept by the kernel, and gone with the process (flock(2)).
final class RepositoryLock: HeldTargetLock {
  private let descriptor: Mutex<Int32?>

  /// Takes the lock.
  ///
  /// - Throws: ``RecoverError`` `claimed` with what the holder wrote.
  init(_ directory: String, run: RunID, host: String) throws {
    let path = Self.path(directory)
    let number = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard number >= 0 else { throw RecoverError.system(.unreachable, "can't open \(path)") }
    guard flock(number, LOCK_EX | LOCK_NB) == 0 else {
      defer { close(number) }
      throw Self.claimed(directory, number)
    }
    descriptor = Mutex(number)
    // For the message of whoever comes second; the lock holds without it.
    _ = ftruncate(number, 0)
    let text = Array("run \(run), process \(getpid()) on \(host)\n".utf8)
    _ = unsafe pwrite(number, text, text.count, 0)
  }

  /// Refuses a repository that is locked; looks, and locks nothing that outlives the look.
  static func requireFree(_ directory: String) throws {
    let number = unsafe open(path(directory), O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { return }
    defer { close(number) }
    guard flock(number, LOCK_SH | LOCK_NB) == 0 else { throw claimed(directory, number) }
  }

  private static func path(_ directory: String) -> String { "\(directory)/recover.lock" }

  private static func claimed(_ directory: String, _ number: Int32) -> RecoverError {
    RecoverError(
      .claimed, "another run works on \(directory): \(content(of: number))",
      hint: "it has another state directory, or this one is out of date: find it with ps, and wait or end it")
  }

  deinit { descriptor.withLock { if let number = $0 { close(number) } } }

  func isHeld() async -> Bool { descriptor.withLock { $0 != nil } }

  func release() async {
    descriptor.withLock { number in
      if let held = number { close(held) }
      number = nil
    }
  }

  private static func content(of number: Int32) -> String {
    var buffer = [UInt8](repeating: 0, count: 200)
    let count = unsafe pread(number, &buffer, buffer.count, 0)
    let line = String(decoding: buffer.prefix(max(count, 0)).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    return line.isEmpty ? "its holder has not said who it is" : line
  }
}
