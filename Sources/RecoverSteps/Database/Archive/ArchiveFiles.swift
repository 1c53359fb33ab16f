internal import FoundationEssentials
internal import Glibc
internal import RecoverBase

/// The files that an archive is made of: how large each is, and whether it is what pg_dump leaves.
enum ArchiveFiles {
  /// A file of an archive.
  struct Member: Sendable, Hashable {
    var name: String
    var sizeBytes: Int64
    var modifiedNanoseconds: Int64
  }

  /// The files of a directory archive, by name.
  static func members(ofDirectory path: String) throws -> [Member] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: path)
    } catch {
      throw RecoverError(.unreachable, "can't read the directory \(path)", underlying: error)
    }
    return try names.sorted().map { name in
      var status = stat()
      guard unsafe stat("\(path)/\(name)", &status) == 0 else {
        throw RecoverError.system(.unreachable, "can't look at \(path)/\(name)")
      }
      let modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
      return Member(name: name, sizeBytes: Int64(status.st_size), modifiedNanoseconds: modified)
    }
  }

  /// The members of a tar file, in its order (POSIX pax, ustar; large sizes in base 256 as PostgreSQL writes them).
  ///
  /// - Throws: ``RecoverError`` `backupRefused` where the end of the archive is missing: pg_restore stops reading at the
  ///   last member that it needs, and does not see it.
  static func members(ofTar path: String) throws -> [Member] {
    var members: [Member] = []
    var offset: Int64 = 0
    while true {
      let header = try FileSource.bytes(of: path, at: offset, count: ArchiveForm.tarBlockBytes)
      if header.count == ArchiveForm.tarBlockBytes, header.allSatisfy({ $0 == 0 }) { return members }
      guard header.count == ArchiveForm.tarBlockBytes, let size = tarSize(header[124..<136]), size >= 0 else {
        throw RecoverError(
          .backupRefused, "\(path) was cut off or is damaged: no member of the archive begins at byte \(offset)",
          hint: "use a whole backup; this one would lose data")
      }
      let name = String(decoding: header[..<100].prefix { $0 != 0 }, as: UTF8.self)
      members.append(Member(name: name, sizeBytes: size, modifiedNanoseconds: 0))
      let block = Int64(ArchiveForm.tarBlockBytes)
      offset += block + (size + block - 1) / block * block
    }
  }

  private static func tarSize(_ field: ArraySlice<UInt8>) -> Int64? {
    guard let first = field.first else { return nil }
    if first == 0x80 {
      return field.dropFirst(4).reduce(Int64(0)) { ($0 & 0xFF_FFFF_FFFF_FFFF) << 8 | Int64($1) }
    }
    return Int64(String(decoding: field.prefix { $0 != 0 && $0 != 0x20 }, as: UTF8.self), radix: 8)
  }
}

extension ArchiveFiles {
  /// What identifies the files of a directory as they are now: their names, sizes and times.
  static func listing(_ members: [Member]) -> Digest {
    Digest(of: members.map { "\($0.sizeBytes) \($0.modifiedNanoseconds) \($0.name)\0" }.joined().utf8)
  }

  /// Refuses a table's file that was cut off or emptied where pg_restore does not see that: it takes the end of a file
  /// without compression, and an empty file, for the end of the table.
  ///
  /// What pg_dump writes ends with `\.` or the `;` of an INSERT, and two empty lines; a table without rows is two empty
  /// lines where rows are INSERTs (dumpTableData in src/bin/pg_dump/pg_dump.c).
  ///
  /// - Throws: ``RecoverError`` `backupRefused` with the file's name.
  static func checkTable(_ member: Member, in directory: String) throws {
    let path = "\(directory)/\(member.name)"
    let isWhole: Bool
    if member.name.hasSuffix(".gz") {
      isWhole = try FileSource.bytes(of: path, at: 0, count: 2) == [0x1F, 0x8B]
    } else if member.name.hasSuffix(".lz4") || member.name.hasSuffix(".zst") {
      isWhole = member.sizeBytes > 0
    } else {
      let end = try FileSource.bytes(of: path, at: max(member.sizeBytes - 5, 0), count: 5)
      isWhole =
        end == Array("\\.\n\n\n".utf8) || end.suffix(4) == Array(";\n\n\n".utf8)
        || member.sizeBytes == 2 && end == Array("\n\n".utf8)
    }
    guard isWhole else {
      throw RecoverError(
        .backupRefused, "\(path) was cut off: it does not end as pg_dump ends a table's rows",
        hint: "use a whole backup; this one would lose data")
    }
  }
}
