internal import Glibc
package import PostgresKit
package import RecoverBase

/// A dump of the live database from just before it was dropped, and what proves it: written into the run's directory
/// once the dump is whole, proved and on disk.
package struct SafetyDump: Sendable, Hashable, Codable {
  /// The database that was dumped.
  package var database: String
  package var run: String
  /// The file, as it was when it was proved.
  package var file: BackupReference
  /// Of the dump once it is decompressed.
  package var sha256: Digest
  /// The size of the dump once it is decompressed.
  package var bytes: Int64
  package var tables: Int
  package var rows: Int64
  /// The server's counters from just before, to tell whether somebody wrote since.
  package var mark: WriteMark
  /// When it may be deleted; nil for as long as the run may need it.
  package var retainUntil: WallTime?
}

extension SafetyDump {
  private static func path(in directory: String) -> String { "\(directory)/safety-dump.json" }

  /// The safety dump of the run whose directory this is; nil where it has none that is whole.
  ///
  /// - Throws: ``RecoverError`` `journal` for a record that can't be read.
  package static func read(in directory: String) throws -> SafetyDump? {
    let path = path(in: directory)
    guard unsafe access(path, F_OK) == 0 else { return nil }
    do {
      return try JSONValue.decode(SafetyDump.self, from: try RunDirectory.read(path))
    } catch {
      throw RecoverError(.journal, "the record of the safety dump can't be read: \(path)", underlying: error)
    }
  }

  /// Writes the record, whole and synced.
  func keep(in directory: String) throws {
    try RunDirectory.make(directory)
    try RunDirectory.write(try JSONValue.canonicalBytes(of: self), to: Self.path(in: directory))
  }

  /// Sets the end of the retention, once: later calls leave it as it is.
  ///
  /// - Returns: the record as it is now.
  func retained(for duration: Duration, in directory: String) throws -> SafetyDump {
    guard retainUntil == nil else { return self }
    var copy = self
    copy.retainUntil = .now + duration
    try copy.keep(in: directory)
    return copy
  }

  /// Deletes the dump, then its record; what is gone already is no error.
  package func delete(in directory: String) throws {
    try Self.remove(file.path)
    try Self.remove(Self.path(in: directory))
  }

  /// What an unfinished dump is called.
  static func partialPath(of path: String) -> String { path + ".partial" }

  static func remove(_ path: String) throws {
    guard unsafe unlink(path) != 0, errno != ENOENT else { return }
    throw RecoverError.system(.stepFailed, "can't delete \(path)")
  }
}

/// Where safety dumps are written.
package enum SafetyDirectory {
  /// The bytes that are free there; of the nearest directory that exists, nil where that can't be told.
  package static func freeSpace(_ directory: String) -> ByteCount? {
    var information = statvfs()
    guard let place = nearest(directory), unsafe statvfs(place, &information) == 0 else { return nil }
    return ByteCount(Int64(information.f_bavail) * Int64(information.f_frsize))
  }

  /// Whether it can be written to, or made.
  static func isWritable(_ directory: String) -> Bool {
    guard let place = nearest(directory) else { return false }
    return unsafe access(place, W_OK | X_OK) == 0
  }

  private static func nearest(_ directory: String) -> String? {
    var parts = directory.split(separator: "/")
    while true {
      let path = "/" + parts.joined(separator: "/")
      if unsafe access(path, F_OK) == 0 { return path }
      guard parts.popLast() != nil else { return nil }
    }
  }

  /// Makes an empty file that only we may read, for a program to write into.
  static func begin(_ path: String) throws {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw RecoverError.system(.noSpace, "can't write \(path)") }
    close(descriptor)
  }

  static func size(of path: String) -> Int64? {
    var status = stat()
    return unsafe stat(path, &status) == 0 ? Int64(status.st_size) : nil
  }

  /// Syncs a finished file, gives it its name, and syncs that.
  static func finish(_ partial: String, as path: String) throws {
    try sync(partial, O_RDONLY)
    guard unsafe rename(partial, path) == 0 else { throw RecoverError.system(.noSpace, "can't write \(path)") }
    let parent = "/" + path.split(separator: "/").dropLast().joined(separator: "/")
    try sync(parent, O_RDONLY | O_DIRECTORY)
  }

  private static func sync(_ path: String, _ flags: Int32) throws {
    let descriptor = unsafe open(path, flags | O_CLOEXEC)
    guard descriptor >= 0 else { throw RecoverError.system(.noSpace, "can't open \(path)") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw RecoverError.system(.noSpace, "can't write \(path) to its disk") }
  }
}
