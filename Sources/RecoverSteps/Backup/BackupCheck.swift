internal import Glibc
package import RecoverBase
package import RecoverRepository

/// Reads every file of a backup and compares it with the manifest: nothing is trusted that was not read.
package struct BackupCheck: Sendable {
  private let directory: BackupDirectory

  package init(_ directory: BackupDirectory) { self.directory = directory }

  /// Checks.
  ///
  /// - Parameter progress: called with the bytes of the dump that were read.
  /// - Returns: the manifest and its digest.
  /// - Throws: ``RecoverError`` `backupRefused` that names the first file, member, table and chunk that is not as it
  ///   was written.
  package func perform(
    _ interruption: Interruption, progress: (Int64) -> Void = { _ in }
  ) throws -> (manifest: BackupManifest, digest: Digest) {
    let (manifest, digest) = try directory.read()
    let dump = try checkFiles(manifest, interruption)
    try checkMembers(dump, manifest, interruption, progress)
    return (manifest, digest)
  }

  private func check(_ file: BackupManifest.File, _ interruption: Interruption) throws {
    guard !file.name.contains("/") else {
      throw directory.notWhole(file.name, "the manifest names a file outside of its directory")
    }
    let found: BackupManifest.File
    do {
      found = try FileDigest.read("\(directory.path)/\(file.name)", interruption)
    } catch let error as RecoverError where error.code == .unreachable {
      throw directory.notWhole(file.name, "it is not there, or can't be read")
    }
    guard found.bytes == file.bytes else {
      throw directory.notWhole(file.name, "it has \(found.bytes) bytes, and was written with \(file.bytes)")
    }
    guard found.sha256 == file.sha256 else {
      throw directory.notWhole(file.name, "its content is not what was written")
    }
  }

  /// Reads the dump member by member along the index.
  private func checkMembers(
    _ dump: BackupManifest.File, _ manifest: BackupManifest, _ interruption: Interruption, _ progress: (Int64) -> Void
  ) throws {
    var walk = try MemberWalk(directory, manifest)
    var digests = MemberDigests(directory, dump: dump.name)
    while let member = try walk.next() {
      try interruption.check()
      try digests.check(member)
      progress(digests.offset)
    }
    try checkSize(dump)
    guard digests.whole.finish() == dump.sha256 else {
      throw directory.notWhole(dump.name, "its content is not what was written")
    }
  }

  /// Checks all but the content of the dump: the manifest, the other files, and how long the dump is.
  ///
  /// - Returns: the manifest and its digest.
  /// - Throws: ``RecoverError`` `backupRefused` that names what is not as it was written.
  package func checkBesideMembers(_ interruption: Interruption) throws -> (manifest: BackupManifest, digest: Digest) {
    let (manifest, digest) = try directory.read()
    try checkSize(try checkFiles(manifest, interruption))
    return (manifest, digest)
  }

  /// Checks every file but the dump.
  ///
  /// - Returns: the dump.
  private func checkFiles(_ manifest: BackupManifest, _ interruption: Interruption) throws -> BackupManifest.File {
    for file in manifest.files where file.name != manifest.dump.file { try check(file, interruption) }
    guard let dump = manifest.file(named: manifest.dump.file), manifest.file(named: manifest.dump.index) != nil else {
      throw directory.notWhole(BackupManifest.fileName, "it does not name the dump and its index among its files")
    }
    guard !dump.name.contains("/") else {
      throw directory.notWhole(dump.name, "the manifest names a file outside of its directory")
    }
    return dump
  }

  private func checkSize(_ dump: BackupManifest.File) throws {
    guard let size = SafetyDirectory.size(of: "\(directory.path)/\(dump.name)") else {
      throw directory.notWhole(dump.name, "it is not there, or can't be read")
    }
    guard size >= dump.bytes else {
      throw directory.notWhole(dump.name, "it has \(size) bytes, and was written with \(dump.bytes)")
    }
    guard size == dump.bytes else {
      throw directory.notWhole(dump.name, "something was added after byte \(dump.bytes)")
    }
  }
}

/// Reads a source line by line, in constant memory but for the longest line.
struct LineReader<Source: ByteSource & ~Copyable>: ~Copyable {
  private var source: Source
  private var pending: [UInt8] = []
  private var start = 0
  private var buffer = [UInt8](repeating: 0, count: 1 << 18)

  init(_ source: consuming Source) { self.source = source }

  /// The next line without its newline; nil at the end.
  mutating func next() throws -> [UInt8]? {
    while true {
      if let end = pending[start...].firstIndex(of: UInt8(ascii: "\n")) {
        defer { start = end + 1 }
        return Array(pending[start..<end])
      }
      pending.removeFirst(start)
      start = 0
      let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe source.read(into: $0) }
      guard count > 0 else {
        defer { pending = [] }
        return pending.isEmpty ? nil : pending
      }
      pending += buffer[..<count]
    }
  }
}
