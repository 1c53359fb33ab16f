internal import Glibc
internal import RecoverBase

/// The forms of archives that pg_dump writes, told apart by their content (src/bin/pg_dump, PostgreSQL 13 to 18).
package enum ArchiveForm: String, Sendable, Hashable, Codable {
  /// `pg_dump -Fc`: one file that begins with `PGDMP`.
  case custom
  /// `pg_dump -Fd`: a directory with `toc.dat` and a file for each table.
  case directory
  /// `pg_dump -Ft`: a tar file whose first member is `toc.dat`.
  case tar

  private static let magic = Array("PGDMP".utf8)
  private static let tableOfContents = Array("toc.dat\0".utf8)
  /// The size of a tar header, and so where the content of the first member begins.
  static let tarBlockBytes = 512

  /// The form of the file or directory at a path; nil for what is no archive.
  ///
  /// - Parameter front: the first bytes of the file; not looked at for a directory.
  /// - Throws: ``RecoverError`` `backupRefused` for a directory, or a piece of one, that is no archive.
  static func detect(_ path: String, front: ArraySlice<UInt8>) throws -> ArchiveForm? {
    if isDirectory(path) {
      guard unsafe access("\(path)/toc.dat", F_OK) == 0 else {
        throw RecoverError(
          .backupRefused, "\(path) is a directory without toc.dat: no archive of pg_dump -Fd",
          hint: "name the directory that pg_dump wrote, or the file of a dump")
      }
      return .directory
    }
    if front.starts(with: tableOfContents) { return .tar }
    guard front.starts(with: magic) else { return nil }
    // A toc.dat says of itself that it is a tar's (src/bin/pg_dump/pg_backup_directory.c).
    guard front.count <= 10 || front[front.startIndex + 10] == 1 else {
      throw RecoverError(
        .backupRefused, "\(path) is only the table of contents of an archive",
        hint: "name the directory that pg_dump -Fd wrote, not a file in it")
    }
    return .custom
  }

  static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return unsafe stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}

/// The first bytes of an archive: which pg_restore can read it.
struct ArchiveHeader: Sendable, Hashable {
  /// The version of the format: 14 for 1.14.
  var minor: Int

  /// - Throws: ``RecoverError`` `backupRefused` for what is no header of an archive.
  init(_ path: String, form: ArchiveForm) throws {
    let bytes: [UInt8]
    switch form {
    case .custom: bytes = try FileSource.bytes(of: path, at: 0, count: 11)
    case .directory: bytes = try FileSource.bytes(of: "\(path)/toc.dat", at: 0, count: 11)
    case .tar: bytes = try FileSource.bytes(of: path, at: Int64(ArchiveForm.tarBlockBytes), count: 11)
    }
    guard bytes.count == 11, bytes.starts(with: Array("PGDMP".utf8)), bytes[5] == 1 else {
      throw RecoverError(
        .backupRefused, "\(path) is damaged: its table of contents does not begin as one does",
        hint: "use another backup")
    }
    minor = Int(bytes[6])
  }

  /// The first pg_restore that reads the format (K_VERS_ in src/bin/pg_dump/pg_backup_archiver.h); nil for a format
  /// that is newer than this program.
  var neededMajor: Int? {
    switch minor {
    case ...14: 12
    case 15: 16
    case 16: 17
    default: nil
    }
  }

  /// `1.14`.
  var text: String { "1.\(minor)" }
}
