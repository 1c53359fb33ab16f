internal import CLinux
internal import Glibc
package import RecoverBase

/// Adds to an extracted tree what a live one has and the restore does not bring, so that nothing of it is lost when the two
/// trade places.
///
/// Files share their blocks where the file system can, else they are copied; with owner, mode, time, attributes and access
/// lists, and hard links among them. A file that changes meanwhile is copied again. All of it is entered into the record
/// of the extraction, and proved like the rest. What another attempt has left is removed first.
package struct TreeOverlay: ~Copyable {
  /// What was added.
  package struct Report: Sendable, Hashable, Codable {
    package fileprivate(set) var files: Int64 = 0
    package fileprivate(set) var directories: Int64 = 0
    /// Links, devices and fifos.
    package fileprivate(set) var others: Int64 = 0
    package fileprivate(set) var contentBytes: Int64 = 0
    /// Of these files, how many share their blocks with the live ones.
    package fileprivate(set) var sharedFiles: Int64 = 0
    /// Sockets, which are not copied.
    package fileprivate(set) var sockets: Int64 = 0
  }

  private let root: TreeRoot
  private let interruption: Interruption
  private let progress: (Int64) -> Void
  private var links: LinkLedger
  private var copy = FileCopy()
  private var report = Report()

  /// So often a file is copied that changes meanwhile.
  private static let attempts = 4

  /// Adds what stays in directories that both have.
  ///
  /// Blocking. Not on the disk yet when it returns.
  ///
  /// - Parameters:
  ///   - root: of what was extracted.
  ///   - extraction: the record of that, to which all of it is added.
  ///   - scratch: a directory for a file without a name.
  ///   - progress: told how many bytes of files were copied.
  /// - Throws: ``RecoverError`` `busy` for a file that always changes, `noSpace`, `missingRequirement`, `interrupted`.
  package static func add(
    _ remainder: borrowing TreeRemainder, _ tops: [TreePath], to root: consuming TreeRoot,
    _ extraction: inout TreeExtraction, scratch: String, _ interruption: Interruption,
    progress: @escaping (Int64) -> Void
  ) throws -> Report {
    var overlay = TreeOverlay(
      root: root, interruption: interruption, progress: progress, links: try LinkLedger(scratch: scratch))
    for top in tops { try overlay.purge(top, remainder.names) }
    for top in tops {
      try remainder.walk(top, interruption) { path, status, event in
        try overlay.take(path, status, event, remainder, &extraction)
      }
    }
    try overlay.finish(&extraction)
    return overlay.report
  }

  private init(
    root: consuming TreeRoot, interruption: Interruption, progress: @escaping (Int64) -> Void,
    links: consuming LinkLedger
  ) {
    self.root = root
    self.interruption = interruption
    self.progress = progress
    self.links = links
  }

  private func failure(_ what: String, _ path: TreePath) -> RecoverError {
    RecoverError.system(.stepFailed, "can't \(what) the copy of \(path) in \(root.path)")
  }

  private func open(_ path: TreePath) throws -> TreeDirectory {
    guard let directory = root.open(path) else { throw failure("open", path) }
    return directory
  }

  // MARK: What another attempt has left

  /// Removes all that the extraction has not made.
  private func purge(_ path: TreePath, _ names: RestoredNames) throws {
    try interruption.check()
    let directory = try open(path)
    guard var stream = DirectoryStream(directory.descriptor) else { throw failure("read", path) }
    var left: [[UInt8]] = []
    var below: [TreePath] = []
    while let name = try stream.next() {
      let child = TreePath(parts: path.parts + [name])
      switch names.kind(of: child) {
      case nil: left.append(name)
      case .directory: below.append(child)
      case .other: break
      }
    }
    for name in left { try TreeRemoval.remove(name, in: directory, root.device, "\(root.path)/\(path)") }
    for child in below { try purge(child, names) }
  }

  // MARK: What stays

  private mutating func take(
    _ path: TreePath, _ status: FileStatus, _ event: TreeRemainder.Event, _ remainder: borrowing TreeRemainder,
    _ extraction: inout TreeExtraction
  ) throws {
    switch event {
    case .enter(isRestored: true): try makeWritable(path)
    case .enter(isRestored: false):
      let parent = try open(path.parent)
      guard let name = path.leaf, unsafe mkdirat(parent.descriptor, FileName.c(name), 0o700) == 0 else {
        throw failure("make", path)
      }
    case .entry(let name, let directory):
      try add(path, name, status, in: directory, remainder.text(path), &extraction)
    case .leave(let isRestored):
      if isRestored, !remainder.names.madeUp.contains(path.hashValue) { return }
      // What the archive has no more than members in is the live one's, too.
      guard let live = remainder.live.open(path) else { throw failure("open", path) }
      let dot = [UInt8(ascii: ".")]
      let metadata = try LiveFile(dot, in: live.descriptor, isDirectory: true, path: remainder.text(path))
        .metadata(status)
      if !isRestored { report.directories += 1 }
      try extraction.directories.add(DirectoryLedger.Record(path: path, metadata: metadata, isMadeUp: false))
    }
  }

  /// An ordinary user can't add to a directory that forbids it to them.
  private func makeWritable(_ path: TreePath) throws {
    guard geteuid() != 0 else { return }
    let directory = try open(path)
    guard let status = FileStatus(directory.descriptor), status.mode & 0o300 != 0o300 else { return }
    guard recover_chmod_path_descriptor(directory.descriptor, UInt32(status.mode | 0o700)) == 0 else {
      throw failure("change the mode of", path)
    }
  }

  private mutating func add(
    _ path: TreePath, _ name: [UInt8], _ status: FileStatus, in directory: Int32, _ text: String,
    _ extraction: inout TreeExtraction
  ) throws {
    try interruption.check()
    let parent = try open(path.parent)
    if status.links > 1, let first = try links.name(of: status) {
      let target = TreePath(parts: first.split(separator: UInt8(ascii: "/")).map(Array.init))
      let place = try open(target.parent)
      guard let leaf = target.leaf,
        unsafe linkat(place.descriptor, FileName.c(leaf), parent.descriptor, FileName.c(name), 0) == 0
      else { throw failure("link", path) }
      report.others += 1
      try note(path, .hardLink(target: target), LiveFile.metadata(status), &extraction)
      return
    }
    switch status.kind {
    case .file: try addFile(path, name, from: directory, to: parent.descriptor, text, &extraction)
    case .symbolicLink: try addLink(path, name, status, from: directory, to: parent.descriptor, &extraction)
    case .fifo, .characterDevice, .blockDevice: try addNode(path, name, status, to: parent.descriptor, &extraction)
    case .socket: report.sockets += 1
    case .directory, nil: throw RecoverError(.drifted, "\(text) is of no kind that can be copied")
    }
    if status.kind != .socket { try links.note(status, path.bytes) }
  }

  private func note(
    _ path: TreePath, _ kind: MemberLedger.Kind, _ metadata: TreeMetadata, _ extraction: inout TreeExtraction
  ) throws {
    try extraction.members.add(MemberLedger.Record(path: path, kind: kind, metadata: metadata))
  }

  private mutating func addFile(
    _ path: TreePath, _ name: [UInt8], from directory: Int32, to parent: Int32, _ text: String,
    _ extraction: inout TreeExtraction
  ) throws {
    for attempt in 1...Self.attempts {
      let source = try LiveFile(name, in: directory, isDirectory: false, path: text)
      let before = try source.status()
      let flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC
      let descriptor = unsafe openat(parent, FileName.c(name), flags, 0o600)
      guard descriptor >= 0 else { throw failure("make", path) }
      let target = TreeDirectory(owning: descriptor)
      let metadata = source.metadata(before)
      let content = try copy.copy(source.descriptor, before, to: target.descriptor, text, interruption)
      let after = try source.status()
      if before.isFile, content.isWhole, after == before {
        try metadata.apply(to: target.descriptor, text)
        report.files += 1
        report.contentBytes += content.byteCount
        if content.isCloned { report.sharedFiles += 1 }
        progress(report.contentBytes)
        let kind = MemberLedger.Kind.file(size: before.size, digest: content.digest, pieces: content.pieces)
        return try note(path, kind, metadata, &extraction)
      }
      guard unsafe unlinkat(parent, FileName.c(name), 0) == 0 else { throw failure("remove", path) }
      _ = interruption.wait(atMost: .milliseconds(50 * attempt))
      try interruption.check()
    }
    throw RecoverError(
      .busy, "\(text) changed each of the \(Self.attempts) times that it was copied",
      hint: "stop what writes it: a service can be named in the policy's tree, and is stopped meanwhile")
  }

  private mutating func addLink(
    _ path: TreePath, _ name: [UInt8], _ status: FileStatus, from directory: Int32, to parent: Int32,
    _ extraction: inout TreeExtraction
  ) throws {
    var buffer = [CChar](repeating: 0, count: 4097)
    let count = unsafe readlinkat(directory, FileName.c(name), &buffer, buffer.count)
    guard count >= 0 else { throw failure("read", path) }
    let target = buffer.prefix(count).map { UInt8(bitPattern: $0) }
    guard unsafe symlinkat(FileName.c(target), parent, FileName.c(name)) == 0 else { throw failure("make", path) }
    report.others += 1
    let metadata = LiveFile.metadata(status)
    try give(metadata, to: name, in: parent, hasMode: false, path)
    try note(path, .symbolicLink(target: TarName(target)), metadata, &extraction)
  }

  private mutating func addNode(
    _ path: TreePath, _ name: [UInt8], _ status: FileStatus, to parent: Int32, _ extraction: inout TreeExtraction
  ) throws {
    guard let kind = status.kind else { return }
    let device = status.deviceNumber
    guard unsafe recover_make_node(parent, FileName.c(name), kind.rawValue | 0o600, device.major, device.minor) == 0
    else { throw failure("make", path) }
    report.others += 1
    let metadata = LiveFile.metadata(status)
    try give(metadata, to: name, in: parent, hasMode: true, path)
    try note(path, .node(kind, device), metadata, &extraction)
  }

  /// For what must not be opened.
  private func give(
    _ metadata: TreeMetadata, to name: [UInt8], in parent: Int32, hasMode: Bool, _ path: TreePath
  ) throws {
    let name = FileName.c(name)
    let (user, group) = (metadata.user, metadata.group)
    if user != geteuid() || group != getegid() {
      guard unsafe fchownat(parent, name, user, group, AT_SYMLINK_NOFOLLOW) == 0 else {
        throw failure("set the owner of", path)
      }
    }
    if hasMode {
      guard unsafe fchmodat(parent, name, mode_t(metadata.mode), 0) == 0 else { throw failure("set the mode of", path) }
    }
    let (seconds, nanoseconds) = (metadata.modified.seconds, Int(metadata.modified.nanoseconds))
    guard unsafe recover_set_times(parent, name, AT_SYMLINK_NOFOLLOW, 0, 0, 0, seconds, nanoseconds) == 0 else {
      throw failure("set the times of", path)
    }
  }

  // MARK: Directories

  /// Gives all directories what they are to have, from the deepest on: each may have got a name more.
  private func finish(_ extraction: inout TreeExtraction) throws {
    try extraction.directories.flush()
    try extraction.directories.forEach { record in
      if record.isMadeUp || record.path.isRoot && !extraction.comparesRoot { return }
      let directory = try open(record.path)
      let dot = FileName.c([UInt8(ascii: ".")])
      let descriptor = unsafe openat(directory.descriptor, dot, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard descriptor >= 0 else { throw failure("open", record.path) }
      let own = TreeDirectory(owning: descriptor)
      try record.metadata.apply(to: own.descriptor, "\(root.path)/\(record.path)")
    }
  }
}
