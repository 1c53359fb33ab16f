internal import FoundationEssentials
internal import Glibc
internal import PostgresKit
package import RecoverBase

/// What came by standard input, kept beside the state while its run may still read it, so that a killed run can be
/// resumed.
///
/// Files are named after their content: the same input gives the same plan.
package struct BackupSpool: Sendable {
  /// Made when something is spooled, and removed when nothing is left in it.
  package let directory: String

  package init(directory: String) { self.directory = directory }

  /// Copies standard input into a file that is named after its content's SHA-256.
  ///
  /// - Returns: the backup as a file, with its digest, and a hold that keeps others from removing it.
  /// - Throws: ``RecoverError`` `noSpace` when the disk is full, `backupRefused` for an empty input.
  package func spool(_ interruption: Interruption) throws -> (BackupReference, SpoolHold) {
    try keep { try Self.copyInput(to: $0, $1, interruption) }
  }

  /// Puts several backups together as one dump in SQL, in their order: the parts that `pg_dump --section` writes.
  ///
  /// Each is read twice: once alone, since the end of one that was cut off would be taken for the beginning of the next.
  ///
  /// - Returns: as ``spool(_:)``.
  /// - Throws: ``RecoverError`` `noSpace` when the disk is full, `backupRefused` for a part that is not whole.
  package func join(_ paths: [String], _ interruption: Interruption) throws -> (BackupReference, SpoolHold) {
    for path in paths { try Self.requireWhole(path, interruption) }
    var (reference, hold) = try keep { try Self.copy(paths, to: $0, $1, interruption) }
    reference.parts = paths
    return (reference, hold)
  }

  /// Writes a file, and names it after its content.
  private func keep(_ write: (Int32, String) throws -> Digest) throws -> (BackupReference, SpoolHold) {
    try RunDirectory.make(directory)
    let temporary = "\(directory)/\(Entry.incomingPrefix)\(getpid())"
    let descriptor = unsafe open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw RecoverError.system(.noSpace, "can't write \(temporary)") }
    let hold = SpoolHold(owning: descriptor)
    do {
      let digest = try write(descriptor, temporary)
      let path = "\(directory)/\(digest.hex.prefix(16)).sql"
      try Self.forgetTime(descriptor, temporary)
      guard flock(descriptor, LOCK_SH) == 0, fsync(descriptor) == 0, unsafe rename(temporary, path) == 0 else {
        throw RecoverError.system(.noSpace, "can't write \(path)")
      }
      return (try BackupFile(path: path).reference(sha256: digest), hold)
    } catch {
      unsafe unlink(temporary)
      throw error
    }
  }

  /// The time at which somebody piped a dump says nothing about it; without it the same input gives the same plan.
  private static func forgetTime(_ descriptor: Int32, _ path: String) throws {
    let times = [timespec(), timespec()]
    guard unsafe futimens(descriptor, times) == 0 else {
      throw RecoverError.system(.noSpace, "can't set the time of \(path)")
    }
  }

  private static func copyInput(
    to descriptor: Int32, _ path: String, _ interruption: Interruption
  ) throws -> Digest {
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

// MARK: - Several parts

extension BackupSpool {
  private static func requireWhole(_ path: String, _ interruption: Interruption) throws {
    var reader = DumpReader(try BackupSource(try BackupFile(path: path), interruption), named: path)
    let survey = try DumpSurvey(reading: &reader, interruption: interruption)
    guard case .truncated(let how) = survey.completeness else { return }
    throw RecoverError(
      .backupRefused, "\(path) was cut off: \(how)", hint: "use a whole backup; this one would lose data")
  }

  /// Each part, decompressed, and an empty line behind it.
  private static func copy(
    _ paths: [String], to descriptor: Int32, _ path: String, _ interruption: Interruption
  ) throws -> Digest {
    var hasher = DigestBuilder()
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    for part in paths {
      var source = try BackupSource(try BackupFile(path: part), interruption)
      while true {
        try interruption.check()
        let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe source.read(into: $0) }
        let bytes = count == 0 ? [UInt8(ascii: "\n")] : buffer[..<count]
        hasher.update(Array(bytes))
        try RunDirectory.writeAll(bytes, to: descriptor, path)
        if count == 0 { break }
      }
    }
    return hasher.finish()
  }
}

// MARK: - What is kept

extension BackupSpool {
  /// A file of the spool.
  package struct Entry: Sendable, Hashable {
    package var path: String
    package var sizeBytes: Int64

    fileprivate static let incomingPrefix = "incoming-"
  }

  /// What is in the spool, by name; nothing where there is no spool.
  package func entries() -> [Entry] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return names.sorted().compactMap { name in
      var status = stat()
      let path = "\(directory)/\(name)"
      guard unsafe lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, !isBeingRead(name) else { return nil }
      return Entry(path: path, sizeBytes: Int64(status.st_size))
    }
  }

  /// Whether a living process still writes the file.
  private func isBeingRead(_ name: String) -> Bool {
    guard name.hasPrefix(Entry.incomingPrefix), let pid = Int32(name.dropFirst(Entry.incomingPrefix.count)) else {
      return false
    }
    return kill(pid, 0) == 0 || errno == EPERM
  }

  /// Removes a file of the spool, and the directory with the last one.
  ///
  /// - Returns: false when it is not there or a living process holds it.
  package func remove(_ path: String) -> Bool {
    guard path.hasPrefix("\(directory)/") else { return false }
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, unsafe unlink(path) == 0 else { return false }
    _ = unsafe rmdir(directory)
    return true
  }
}

/// Keeps others from removing a spooled file, until it is released or the process ends.
package final class SpoolHold: Sendable {
  private let descriptor: Int32

  fileprivate init(owning descriptor: Int32) { self.descriptor = descriptor }

  package func release() { flock(descriptor, LOCK_UN) }

  deinit { close(descriptor) }
}
