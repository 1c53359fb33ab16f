internal import RecoverBase

/// What of a tree goes into an archive.
package struct PackOptions: Sendable, Hashable {
  /// What is left out, meant from the root of the tree.
  package var exclusions: [IgnorePattern] = []
  /// Whether files named `.recoverignore` say what is left out below them.
  package var readsIgnoreFiles = true
  /// Whether what is below a directory with a CACHEDIR.TAG is left out (bford.info/cachedir).
  package var excludesCaches = false
  /// Whether directories that are other file systems stay empty.
  package var staysOnFileSystem = false
  /// Whether a file that can't be read is left out, and named; else it is an error.
  package var skipsUnreadable = false
  /// Whether a file that changes whenever it is read is kept as it was read last, and named; else it is an error.
  package var keepsChanging = false
  /// Directories that are never read: the backup's own place.
  package var untouched: [Identity] = []

  package init() {}

  /// A directory, whatever it is called.
  package struct Identity: Sendable, Hashable {
    package var device: UInt64
    package var inode: UInt64

    package init?(ofDirectory path: String) {
      guard let status = FileStatus(path: path), status.isDirectory else { return nil }
      (device, inode) = (status.device, status.inode)
    }

    /// - Throws: ``RecoverError`` `unreachable` where there is no directory.
    package static func check(directory path: String) throws {
      guard let status = FileStatus(path: path) else {
        throw RecoverError.system(
          .unreachable, "can't look at \(path)", hint: "name the directory that is to be backed up")
      }
      guard status.isDirectory else {
        throw RecoverError(
          .unreachable, "\(path) is no directory", hint: "name the directory that is to be backed up")
      }
    }

    init(_ status: FileStatus) { (device, inode) = (status.device, status.inode) }
  }
}

/// What was read of a tree, and what was not.
package struct PackReport: Sendable, Hashable {
  /// Why something is not, or not quite, in the archive.
  package enum Remark: String, Sendable, Hashable, CaseIterable, Codable {
    /// A pattern, a cache's tag, or the place of the backup itself.
    case excluded
    /// A directory that is another file system, left empty.
    case otherFileSystem = "other-file-system"
    /// A socket, which no archive has a form for.
    case socket
    /// Went away between its directory was read and it was.
    case vanished
    /// A file that only grew, as a log does: kept as it was when it was first looked at.
    case grew
    /// A file that changed each time that it was read.
    case changing
    /// Not readable for us.
    case unreadable
  }

  /// How many, and the first paths.
  package struct Named: Sendable, Hashable {
    package var count: Int64 = 0
    package var first: [TarName] = []
  }

  package var files: Int64 = 0
  package var directories: Int64 = 0
  package var symbolicLinks: Int64 = 0
  package var hardLinks: Int64 = 0
  package var devices: Int64 = 0
  package var fifos: Int64 = 0
  package var sparseFiles: Int64 = 0
  /// The sizes of all files, holes included.
  package var contentBytes: Int64 = 0
  /// Of the tar archive, before it is compressed.
  package var archiveBytes: Int64 = 0
  package var remarks: [Remark: Named] = [:]

  package init() {}

  /// So many paths are named of each.
  private static let nameLimit = 20

  mutating func add(_ remark: Remark, _ path: [UInt8]) {
    var named = remarks[remark] ?? Named()
    named.count += 1
    if named.first.count < Self.nameLimit { named.first.append(TarName(path)) }
    remarks[remark] = named
  }

  package var entries: Int64 { files + directories + symbolicLinks + hardLinks + devices + fifos }
}
