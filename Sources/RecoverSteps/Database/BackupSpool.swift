internal import Glibc
package import RecoverBase

/// Keeps what comes by standard input beside the state, so that a killed run can be resumed.
package enum BackupSpool {
  /// Copies standard input into a file that is named after its content's SHA-256.
  ///
  /// - Parameter directory: where it is kept; made when it is not there.
  /// - Returns: the backup as a file, with its digest.
  /// - Throws: ``RecoverError`` `noSpace` when the disk is full, `backupRefused` for an empty input.
  package static func spool(into directory: String, _ interruption: Interruption) throws -> BackupReference {
    try RunDirectory.make(directory)
    let temporary = "\(directory)/incoming-\(getpid())"
    let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw RecoverError.system(.noSpace, "can't write \(temporary)") }
    defer { close(descriptor) }
    do {
      let digest = try copy(to: descriptor, temporary, interruption)
      let path = "\(directory)/\(digest.hex.prefix(16)).sql"
      guard fsync(descriptor) == 0, unsafe rename(temporary, path) == 0 else {
        throw RecoverError.system(.noSpace, "can't write \(path)")
      }
      return try BackupFile(path: path).reference(sha256: digest)
    } catch {
      unsafe unlink(temporary)
      throw error
    }
  }

  private static func copy(to descriptor: Int32, _ path: String, _ interruption: Interruption) throws -> Digest {
    var hasher = DigestBuilder()
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    var total = 0
    while true {
      try interruption.check()
      let count = unsafe buffer.withUnsafeMutableBytes { unsafe read(STDIN_FILENO, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw RecoverError.system(.unreachable, "can't read standard input") }
      if count == 0 { break }
      total += count
      hasher.update(Array(buffer[..<count]))
      try RunDirectory.writeAll(buffer[..<count], to: descriptor, path)
    }
    guard total > 0 else {
      throw RecoverError(
        .backupRefused, "standard input is empty", hint: "did the command before the pipe fail? use set -o pipefail")
    }
    return hasher.finish()
  }
}
