internal import CLinux
internal import Glibc
package import RecoverBase

/// Makes the files of an archive below the root of a tree, which nothing that the archive says can leave.
///
/// The root is meant to be a fresh directory of mode 0700, so that nobody else changes it meanwhile. Every name is made
/// anew: one that is there already is refused, except for directories. What belongs to directories (owner, mode, times)
/// is done at the end, from the deepest on. The root itself is left as it is.
package struct TreeExtractor: ~Copyable {
  let root: TreeRoot
  var rules: TreeMetadataRules
  var report = ExtractionReport()
  var ledger: DirectoryLedger
  private var members: MemberLedger
  /// What this extraction made and a hard link may point to.
  var inodes = InodeSet()
  private var parentPath: TreePath?
  private var parent: TreeDirectory?
  private var buffer = [UInt8](repeating: 0, count: 256 << 10)
  let isPrivileged: Bool

  /// How far an extraction has come.
  package struct Progress: Sendable, Hashable {
    /// Of the file on disk, compressed.
    package var consumedBytes: Int64
    package var members: Int64
  }

  private let appliesRoot: Bool
  /// The archive does not say what the root is to be.
  private var isRootMadeUp = false

  private init(_ root: consuming TreeRoot, _ policy: ExtractionPolicy, appliesRoot: Bool) throws {
    let ledger = try DirectoryLedger(in: root)
    let members = try MemberLedger(in: root)
    self.appliesRoot = appliesRoot
    rules = TreeMetadataRules(policy, ourUser: geteuid(), ourGroup: getegid())
    isPrivileged = geteuid() == 0
    self.ledger = ledger
    self.members = members
    self.root = root
  }

  /// Extracts an archive from its first member to its end.
  ///
  /// - Parameters:
  ///   - admit: asked before each member is made; what it throws ends the extraction.
  ///   - root: an empty directory. What was made stays there when this throws.
  ///   - appliesRoot: whether the directory itself gets what the archive says of `./`, or 0755; else it stays as it is.
  ///   - progress: told now and then.
  /// - Returns: what was made, and what of the archive was not; with what a ``TreeProof`` needs.
  /// - Throws: ``RecoverError``: `backupRefused` for the archive, `noSpace`, `stepFailed`, `interrupted`.
  package static func extract<Source: ByteSource & ~Copyable>(
    _ reader: inout TarReader<Source>, into root: consuming TreeRoot, _ policy: ExtractionPolicy,
    appliesRoot: Bool = false, admit: (TarMember) throws -> Void = { _ in },
    progress: (Progress) -> Void = { _ in }
  ) throws -> TreeExtraction {
    var extractor = try TreeExtractor(root, policy, appliesRoot: appliesRoot)
    if appliesRoot { try extractor.ledger.add(extractor.madeUp(TreePath(parts: []))) }
    var done = Progress(consumedBytes: 0, members: 0)
    while let member = try reader.next() {
      try admit(member)
      try extractor.add(member, &reader)
      done.members += 1
      if done.members % 256 == 0 || reader.consumedBytes - done.consumedBytes > 8 << 20 {
        done.consumedBytes = reader.consumedBytes
        progress(done)
      }
    }
    extractor.closeParent()
    try extractor.finishDirectories()
    return TreeExtraction(
      report: extractor.report, members: extractor.members, directories: extractor.ledger,
      isRootMadeUp: extractor.isRootMadeUp, comparesRoot: appliesRoot)
  }

  // MARK: Members

  private mutating func add<Source: ByteSource & ~Copyable>(
    _ member: TarMember, _ reader: inout TarReader<Source>
  ) throws {
    if member.kind == .label { return }
    let path = try Self.path(member.name, of: member)
    if path.isRoot {
      guard member.kind == .directory else { throw Self.refusal(member, "it would replace the root of the tree") }
      if !appliesRoot { return }
    }
    if member.kind == .directory {
      try addDirectory(member, path)
      return
    }
    try openParent(of: path, member)
    guard let descriptor = parent?.descriptor, let leaf = path.leaf else { return }
    switch member.kind {
    case .file: try addFile(member, path, leaf, in: descriptor, &reader)
    case .symbolicLink(let target): try addSymbolicLink(member, path, leaf, in: descriptor, to: target)
    case .hardLink(let target): try addHardLink(member, path, leaf, in: descriptor, to: target)
    case .fifo: try addNode(member, path, leaf, in: descriptor, kind: .fifo)
    case .characterDevice(let device):
      try addDevice(member, path, leaf, in: descriptor, kind: .characterDevice, device)
    case .blockDevice(let device): try addDevice(member, path, leaf, in: descriptor, kind: .blockDevice, device)
    case .directory, .label: break
    }
  }

  static func path(_ name: TarName, of member: TarMember) throws -> TreePath {
    do {
      return try TreePath(name)
    } catch {
      throw refusal(member, "the name \(name) leads out of the tree: \(error.rawValue)")
    }
  }

  static func refusal(_ member: TarMember, _ reason: String) -> RecoverError {
    RecoverError(
      .backupRefused, "the member \(member.name) at tar byte \(member.offset) can't be extracted: \(reason)",
      hint: "recover files --list shows what the archive holds")
  }

  func failure(_ path: TreePath, _ what: String) -> RecoverError {
    RecoverError.system(.stepFailed, "can't \(what) \(path) in \(root.path)")
  }

  // MARK: Directories

  /// Holds the directory open that a path is in, and makes it where the archive has not.
  private mutating func openParent(of path: TreePath, _ member: TarMember) throws {
    let wanted = path.parent
    if wanted == parentPath, parent != nil { return }
    closeParent()
    var directory = root.open(wanted)
    if directory == nil, errno == ENOENT {
      try makeMissing(wanted, member)
      directory = root.open(wanted)
    }
    guard let directory else { throw inTheWay(of: member, wanted) }
    parent = consume directory
    parentPath = wanted
  }

  private mutating func closeParent() {
    parent = nil
    parentPath = nil
  }

  private func inTheWay(of member: TarMember, _ path: TreePath) -> RecoverError {
    switch errno {
    case ELOOP, ENOTDIR, EXDEV: Self.refusal(member, "\(path) is no directory, but a link or a file of the archive")
    default: failure(path, "open")
    }
  }

  /// Makes the directories on the way that are not there.
  private mutating func makeMissing(_ path: TreePath, _ member: TarMember) throws {
    for depth in 1..<path.parts.count + 1 {
      let part = TreePath(parts: Array(path.parts.prefix(depth)))
      if try make(part, member), !ledger.contains(part) {
        try ledger.add(madeUp(part))
      }
    }
  }

  private func madeUp(_ path: TreePath) -> DirectoryLedger.Record {
    let metadata = rules.madeUp(at: TarTime(seconds: WallTime.now.microseconds / 1_000_000))
    return DirectoryLedger.Record(path: path, metadata: metadata, isMadeUp: true)
  }

  /// Makes a directory, or sees that one is there.
  ///
  /// - Returns: whether it was made.
  private func make(_ path: TreePath, _ member: TarMember) throws -> Bool {
    guard let leaf = path.leaf else { return false }
    guard let directory = root.open(path.parent) else { throw inTheWay(of: member, path.parent) }
    if unsafe mkdirat(directory.descriptor, FileName.c(leaf), 0o700) == 0 { return true }
    guard errno == EEXIST else { throw failure(path, "make the directory") }
    guard FileStatus(directory.descriptor, leaf)?.isDirectory == true else {
      throw Self.refusal(member, "\(path) is no directory, but a link or a file of the archive")
    }
    return false
  }

  private mutating func addDirectory(_ member: TarMember, _ path: TreePath) throws {
    if !path.parent.isRoot { try makeMissing(path.parent, member) }
    let isNew = try make(path, member)
    // In a directory that takes `A` for `a`, the second one would silently be the first.
    if !isNew, !ledger.contains(path) { throw Self.refusal(member, "the file system takes it for another name") }
    var losses: [ExtractionReport.Loss] = []
    let metadata = rules.metadata(of: member) { losses.append($0) }
    for loss in losses { report.lose(loss, path) }
    try ledger.add(DirectoryLedger.Record(path: path, metadata: metadata, isMadeUp: false))
  }

  /// Gives the directories what they are to have, from the deepest on: a directory may take its owner's rights away.
  private mutating func finishDirectories() throws {
    var report = report
    var isRootMadeUp = false
    try ledger.flush()
    try ledger.forEach { record in
      if !record.path.isRoot { report.directories += 1 }
      if record.path.isRoot { isRootMadeUp = record.isMadeUp }
      if record.isMadeUp, !record.path.isRoot { report.lose(.madeUpDirectory, record.path) }
      guard let directory = root.open(record.path) else { throw failure(record.path, "open") }
      let descriptor = unsafe openat(
        directory.descriptor, FileName.c([UInt8(ascii: ".")]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard descriptor >= 0 else { throw failure(record.path, "open") }
      let open = TreeDirectory(owning: descriptor)
      try apply(record.metadata, to: open.descriptor, record.path, &report)
    }
    self.report = report
    self.isRootMadeUp = isRootMadeUp
  }

  // MARK: Files

  private mutating func addFile<Source: ByteSource & ~Copyable>(
    _ member: TarMember, _ path: TreePath, _ leaf: [UInt8], in directory: Int32, _ reader: inout TarReader<Source>
  ) throws {
    let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC
    let descriptor = unsafe openat(directory, FileName.c(leaf), flags, 0o600)
    guard descriptor >= 0 else { throw notMade(member, path) }
    let file = TreeDirectory(owning: descriptor)
    let digest = try write(member, path, to: file.descriptor, &reader)
    report.files += 1
    let metadata = try finish(member, path, file.descriptor)
    try note(path, .file(size: member.size, digest: digest, pieces: member.sparse?.pieces), metadata)
  }

  private func notMade(_ member: TarMember, _ path: TreePath) -> RecoverError {
    errno == EEXIST
      ? Self.refusal(
        member, "the name is there already: the archive has it twice, or the file system takes it for another")
      : failure(path, "make")
  }

  /// - Returns: the digest of what was written.
  private mutating func write<Source: ByteSource & ~Copyable>(
    _ member: TarMember, _ path: TreePath, to file: Int32, _ reader: inout TarReader<Source>
  ) throws -> Digest {
    var hasher = DigestBuilder()
    var buffer = buffer
    self.buffer = []
    defer { self.buffer = buffer }
    try unsafe buffer.withUnsafeMutableBytes { bytes in
      while let piece = try unsafe reader.read(into: bytes) {
        var written = 0
        while written < Int(piece.byteCount) {
          let count = unsafe pwrite(
            file, bytes.baseAddress?.advanced(by: written), Int(piece.byteCount) - written,
            off_t(piece.offset) + off_t(written))
          if count < 0, errno == EINTR { continue }
          guard count > 0 else { throw failure(path, "write") }
          written += count
        }
        unsafe hasher.update(UnsafeRawBufferPointer(rebasing: bytes[..<Int(piece.byteCount)]).bytes)
        report.writtenBytes += piece.byteCount
      }
    }
    if member.sparse != nil {
      guard ftruncate(file, off_t(member.size)) == 0 else { throw failure(path, "set the size of") }
    }
    report.contentBytes += member.size
    return hasher.finish()
  }

  /// Gives a file that is open what it is to have beside its content.
  private mutating func finish(_ member: TarMember, _ path: TreePath, _ file: Int32) throws -> TreeMetadata {
    var report = report
    let metadata = rules.metadata(of: member) { report.lose($0, path) }
    let status = try apply(metadata, to: file, path, &report)
    inodes.insert(status.inode)
    self.report = report
    return metadata
  }

  /// Keeps what was made for the proof.
  mutating func note(_ path: TreePath, _ kind: MemberLedger.Kind, _ metadata: TreeMetadata) throws {
    try members.add(MemberLedger.Record(path: path, kind: kind, metadata: metadata))
  }
}

/// What an extraction made, and what a ``TreeProof`` holds the tree against.
package struct TreeExtraction: ~Copyable {
  package let report: ExtractionReport
  var members: MemberLedger
  var directories: DirectoryLedger
  /// The root was to be given what the archive says of it, and the archive says nothing.
  package let isRootMadeUp: Bool
  let comparesRoot: Bool
  /// Of the archive on disk, where all of it was read.
  package internal(set) var archiveDigest: Digest?
}
