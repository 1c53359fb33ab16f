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
    for file in manifest.files where file.name != manifest.dump.file { try check(file, interruption) }
    guard let dump = manifest.file(named: manifest.dump.file), manifest.file(named: manifest.dump.index) != nil else {
      throw refused(BackupManifest.fileName, "it does not name the dump and its index among its files")
    }
    try checkMembers(dump, manifest, interruption, progress)
    return (manifest, digest)
  }

  private func check(_ file: BackupManifest.File, _ interruption: Interruption) throws {
    guard !file.name.contains("/") else {
      throw refused(file.name, "the manifest names a file outside of its directory")
    }
    let found: BackupManifest.File
    do {
      found = try FileDigest.read("\(directory.path)/\(file.name)", interruption)
    } catch let error as RecoverError where error.code == .unreachable {
      throw refused(file.name, "it is not there, or can't be read")
    }
    guard found.bytes == file.bytes else {
      throw refused(file.name, "it has \(found.bytes) bytes, and was written with \(file.bytes)")
    }
    guard found.sha256 == file.sha256 else { throw refused(file.name, "its content is not what was written") }
  }

  /// Reads the dump member by member along the index.
  private func checkMembers(
    _ dump: BackupManifest.File, _ manifest: BackupManifest, _ interruption: Interruption, _ progress: (Int64) -> Void
  ) throws {
    guard !dump.name.contains("/") else {
      throw refused(dump.name, "the manifest names a file outside of its directory")
    }
    var index = LineReader(try FileSource(path: "\(directory.path)/\(manifest.dump.index)"))
    var source = try open(dump)
    var whole = DigestBuilder()
    var check = IndexCheck(manifest)
    var (number, chunks) = (Int64(0), Array(repeating: Int64(0), count: manifest.tables.count))
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while let line = try index.next() {
      try interruption.check()
      number += 1
      let entry: MemberEntry
      do {
        entry = try MemberEntry.read(line)
      } catch {
        throw refused(manifest.dump.index, "line \(number) is no entry of an index")
      }
      try check.take(entry)
      let place = describe(entry, number, manifest, &chunks)
      var (digest, left) = (DigestBuilder(), entry.bytes)
      while left > 0 {
        let count = try unsafe buffer.withUnsafeMutableBytes { bytes in
          let part = unsafe bytes.prefix(Int(min(left, Int64(bytes.count))))
          return try unsafe source.read(into: UnsafeMutableRawBufferPointer(rebasing: part))
        }
        guard count > 0 else { throw refused(dump.name, "it ends inside of \(place)") }
        digest.update(buffer.span.extracting(0..<count))
        whole.update(buffer.span.extracting(0..<count))
        left -= Int64(count)
      }
      guard digest.finish() == entry.sha256 else { throw refused(dump.name, "\(place) is not what was written") }
      progress(source.consumedBytes)
    }
    try check.finish()
    guard SafetyDirectory.size(of: "\(directory.path)/\(dump.name)") == dump.bytes else {
      throw refused(dump.name, "something was added after byte \(dump.bytes)")
    }
    guard whole.finish() == dump.sha256 else { throw refused(dump.name, "its content is not what was written") }
  }

  private func open(_ dump: BackupManifest.File) throws -> FileSource {
    do {
      return try FileSource(path: "\(directory.path)/\(dump.name)")
    } catch let error as RecoverError where error.code == .unreachable {
      throw refused(dump.name, "it is not there, or can't be read")
    }
  }

  /// `member 7, bytes 100 to 200, with chunk 3 of table public.t and 2 more`.
  private func describe(
    _ entry: MemberEntry, _ number: Int64, _ manifest: BackupManifest, _ chunks: inout [Int64]
  ) -> String {
    var first: String?
    for chunk in entry.chunks where chunks.indices.contains(chunk.table) {
      chunks[chunk.table] += 1
      first = first ?? "chunk \(chunks[chunk.table]) of table \(manifest.tables[chunk.table].text)"
    }
    let more = entry.chunks.count > 1 ? " and \(entry.chunks.count - 1) more" : ""
    let content = first.map { "with \($0)\(more)" } ?? "with statements of the schema"
    return "member \(number), bytes \(entry.offset) to \(entry.offset + entry.bytes), \(content)"
  }

  private func refused(_ file: String, _ why: String) -> RecoverError {
    RecoverError(
      .backupRefused, "the backup \(directory.path) is not whole: \(file): \(why)",
      hint: "use another backup: recover backup list")
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
