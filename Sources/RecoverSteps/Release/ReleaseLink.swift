internal import Glibc
internal import RecoverBase

/// The link to the release that serves: read, and switched by one rename(2), so that it always leads somewhere.
struct ReleaseLink {
  let path: String

  /// What it leads to, as it is written; nil where it is not there, or is no link.
  var target: String? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = unsafe readlink(path, &buffer, buffer.count)
    return count > 0
      ? String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
  }

  /// Whether something else has its name.
  var isBlocked: Bool {
    var status = stat()
    return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFLNK
  }

  /// Makes it lead somewhere else, or removes it; durable when it returns.
  ///
  /// - Parameter mark: makes the name of the link that takes its place the run's own.
  func lead(to target: String?, mark: String) throws {
    guard let target else {
      guard unsafe unlink(path) == 0 || errno == ENOENT else {
        throw RecoverError.system(.stepFailed, "can't remove \(path)")
      }
      return try sync()
    }
    let beside = "\(path).\(mark)"
    _ = unsafe unlink(beside)
    guard unsafe symlink(target, beside) == 0 else { throw RecoverError.system(.stepFailed, "can't make \(beside)") }
    guard unsafe rename(beside, path) == 0 else { throw RecoverError.system(.stepFailed, "can't switch \(path)") }
    try sync()
  }

  private func sync() throws {
    let parent = "/" + path.split(separator: "/").dropLast().joined(separator: "/")
    let directory = unsafe open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { throw RecoverError.system(.stepFailed, "can't open \(parent)") }
    defer { close(directory) }
    guard fsync(directory) == 0 else { throw RecoverError.system(.stepFailed, "can't sync \(parent)") }
  }
}
