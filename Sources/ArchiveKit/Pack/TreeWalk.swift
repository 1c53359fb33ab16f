internal import Glibc
internal import RecoverBase

/// Goes through a tree in the order of its names' bytes, each directory before what is in it, without following any link.
///
/// Memory: the names of the directories on the way, so that of one directory with ten million names of 20 bytes, 300 MB.
/// No more than a few dozen directories are held open, however deep the tree is.
struct TreeWalk: ~Copyable {
  private var levels: [Level] = []
  private var rules: IgnoreRules
  private let options: PackOptions
  private let device: UInt64
  private(set) var report = PackReport()
  /// From the root, without a slash at its front; empty for the root.
  private var path: [UInt8] = []
  private let root: String
  /// The root, until its names were read.
  private var start: Int32?

  /// A directory on the way.
  private struct Level {
    /// Negative while it is not open.
    var descriptor: Int32
    var identity: PackOptions.Identity
    var names: PackedNames
    var next = 0
    var pathBytes: Int
  }

  /// What was found.
  struct Entry {
    /// From the root; empty for the root itself.
    var path: [UInt8]
    var name: [CChar]
    var status: FileStatus
    /// The directory that it is in, or the root itself, open until the next entry is asked for.
    var parent: Int32
    /// Of a directory that can be read, itself.
    var descriptor: Int32?
  }

  /// - Throws: ``RecoverError`` `unreachable` where there is no directory at the path.
  init(_ root: String, _ options: PackOptions) throws {
    let (descriptor, device) = try Self.open(root)
    self.root = root
    self.options = options
    rules = IgnoreRules(options.exclusions)
    self.device = device
    start = descriptor
  }

  private static func open(_ root: String) throws -> (descriptor: Int32, device: UInt64) {
    let descriptor = unsafe Glibc.open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0, let status = FileStatus(descriptor) else {
      throw RecoverError.system(
        .unreachable, "can't read the directory \(root)", hint: "name the directory that is to be backed up")
    }
    return (descriptor, status.device)
  }

  deinit {
    if let start { close(start) }
    for level in levels where level.descriptor >= 0 { close(level.descriptor) }
  }

  /// The next entry; nil at the end.
  ///
  /// - Throws: ``RecoverError`` `unreachable` for what can't be read, unless that is to be left out.
  mutating func next() throws -> Entry? {
    if let top = start {
      guard let status = FileStatus(top) else { throw failure("look at") }
      try enter(top, status)
      start = nil
      return Entry(path: [], name: [0], status: status, parent: top, descriptor: top)
    }
    while let level = levels.last {
      path.removeSubrange(level.pathBytes...)
      guard level.next < level.names.count else {
        try leave()
        continue
      }
      levels[levels.count - 1].next += 1
      if let entry = try look(at: level.names.name(level.next), in: level.descriptor) { return entry }
    }
    return nil
  }

  private mutating func look(at name: [CChar], in parent: Int32) throws -> Entry? {
    if !path.isEmpty { path.append(UInt8(ascii: "/")) }
    for byte in name.dropLast() { path.append(UInt8(bitPattern: byte)) }
    guard let status = FileStatus(parent, cName: name) else {
      guard errno == ENOENT else {
        try skipUnreadable("look at")
        return nil
      }
      report.add(.vanished, path)
      return nil
    }
    if !rules.isEmpty, rules.excludes(path, isDirectory: status.isDirectory) {
      report.add(.excluded, path)
      return nil
    }
    guard status.isDirectory else {
      return Entry(path: path, name: name, status: status, parent: parent, descriptor: nil)
    }
    return try descend(Entry(path: path, name: name, status: status, parent: parent, descriptor: nil))
  }

  // MARK: Directories

  private mutating func descend(_ found: Entry) throws -> Entry? {
    var entry = found
    if options.untouched.contains(PackOptions.Identity(found.status)) {
      report.add(.excluded, path)
      return nil
    }
    if options.staysOnFileSystem, found.status.device != device {
      report.add(.otherFileSystem, path)
      return entry
    }
    let descriptor = unsafe openat(found.parent, found.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else {
      switch errno {
      // Gone, or something else by now: what it is next time, the next backup says.
      case ENOENT, ENOTDIR, ELOOP:
        report.add(.vanished, path)
        return nil
      default:
        try skipUnreadable("read the directory")
        return entry
      }
    }
    guard let status = FileStatus(descriptor) else {
      close(descriptor)
      throw failure("look at")
    }
    entry.status = status
    do {
      try enter(descriptor, status)
    } catch {
      if levels.last?.descriptor != descriptor { close(descriptor) }
      throw error
    }
    entry.descriptor = descriptor
    return entry
  }

  /// Reads the names of a directory that is open, and goes on in it.
  private mutating func enter(_ descriptor: Int32, _ status: FileStatus) throws {
    var names = PackedNames()
    guard var stream = DirectoryStream(descriptor) else { throw failure("read the directory") }
    while let name = try stream.next() { names.append(name) }
    names.sort()
    let isCache = try options.excludesCaches && names.contains(Self.cacheTag) && Self.isCache(descriptor)
    if isCache {
      // The tag stays, as GNU tar's --exclude-caches has it: the directory is a cache when it comes back, too.
      report.add(.excluded, path)
      names = PackedNames()
      names.append(Array(Self.cacheTag.utf8))
    }
    if options.readsIgnoreFiles, names.contains(Self.ignoreFile) {
      rules.enter(depth: levels.count, IgnorePattern.all(try content(of: Self.ignoreFile, in: descriptor)))
    }
    closeFarthest()
    levels.append(
      Level(
        descriptor: descriptor, identity: PackOptions.Identity(status), names: names, pathBytes: path.count))
  }

  private mutating func leave() throws {
    let left = levels.removeLast()
    rules.leave(depth: levels.count)
    defer { close(left.descriptor) }
    guard let parent = levels.last, parent.descriptor < 0 else { return }
    // As the way up leads to the directory that the way down came from, unless somebody moved it meanwhile.
    let descriptor = unsafe openat(left.descriptor, "..", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0, let status = FileStatus(descriptor), PackOptions.Identity(status) == parent.identity else {
      if descriptor >= 0 { close(descriptor) }
      throw RecoverError(
        .busy, "\(TarName(path)) was moved while it was read, in \(root)",
        hint: "try again when nobody moves directories")
    }
    levels[levels.count - 1].descriptor = descriptor
  }

  /// So many directories are open at once.
  private static let openLimit = 64

  private mutating func closeFarthest() {
    let index = levels.count - Self.openLimit
    guard index >= 0, levels[index].descriptor >= 0 else { return }
    close(levels[index].descriptor)
    levels[index].descriptor = -1
  }

  // MARK: What is left out

  private static let cacheTag = "CACHEDIR.TAG"
  private static let ignoreFile = ".recoverignore"
  private static let cacheSignature = Array("Signature: 8a477f597d28d172789f06886806bc55".utf8)
  private static let ignoreFileLimit = 1 << 20

  private static func isCache(_ directory: Int32) throws -> Bool {
    guard let file = SmallFile.open(cacheTag, in: directory) else { return false }
    return file.read(atMost: cacheSignature.count) == cacheSignature
  }

  private func content(of name: String, in directory: Int32) throws -> [UInt8] {
    // A link or a directory of this name says nothing.
    guard FileStatus(directory, Array(name.utf8))?.isFile == true else { return [] }
    guard let file = SmallFile.open(name, in: directory), let bytes = file.read(atMost: Self.ignoreFileLimit + 1) else {
      throw failure("read \(name) in")
    }
    guard bytes.count <= Self.ignoreFileLimit else {
      throw RecoverError(.usage, "\(name) in \(shown) is larger than \(ByteCount(Int64(Self.ignoreFileLimit)))")
    }
    return bytes
  }

  // MARK: What went wrong

  private var shown: String { path.isEmpty ? root : "\(root)/\(TarName(path))" }

  private func failure(_ what: String) -> RecoverError {
    RecoverError.system(
      .unreachable, "can't \(what) \(shown)", hint: "run it as root, leave it out with --exclude, or --skip-unreadable")
  }

  private mutating func skipUnreadable(_ what: String) throws {
    guard options.skipsUnreadable, errno == EACCES || errno == EPERM else { throw failure(what) }
    report.add(.unreadable, path)
  }
}

/// A small file in a directory that is open, read without following a link.
struct SmallFile: ~Copyable {
  private let descriptor: Int32

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// - Returns: nil with `errno`, and for what is no file.
  static func open(_ name: String, in directory: Int32) -> SmallFile? {
    let descriptor = unsafe openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    let file = SmallFile(descriptor)
    guard FileStatus(descriptor)?.isFile == true else { return nil }
    return file
  }

  /// - Returns: nil with `errno`.
  func read(atMost limit: Int) -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: limit)
    var filled = 0
    while filled < limit {
      let count = unsafe bytes.withUnsafeMutableBytes { buffer in
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
        return unsafe Glibc.read(descriptor, rest.baseAddress, rest.count)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { break }
      filled += count
    }
    return Array(bytes.prefix(filled))
  }
}
