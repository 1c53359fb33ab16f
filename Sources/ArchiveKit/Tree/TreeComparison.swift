internal import CLinux
internal import Glibc
package import RecoverBase

/// Compares a tree with an archive, member by member: kinds, contents, owners, modes, times, attributes, lists and links,
/// and what is there beside them.
///
/// Nothing is followed and nothing is changed. Memory holds eight bytes of each name, to find what is not in the archive.
package struct TreeComparison: ~Copyable {
  let root: TreeRoot
  private var rules: TreeMetadataRules
  private var ledger: DirectoryLedger
  /// The hashes of all paths that the archive has.
  private var known: Set<Int> = []
  private var parentPath: TreePath?
  private var parent: TreeDirectory?
  /// A device that was left out, so that links to it are too.
  private var lacksDevice = false
  private let comparesRoot: Bool
  private let check: TreeCheck

  private init(
    _ root: consuming TreeRoot, scratch: borrowing TreeRoot, _ policy: ExtractionPolicy, comparesRoot: Bool,
    tell: @escaping (TreeDifference) -> Void
  ) throws {
    self.comparesRoot = comparesRoot
    rules = TreeMetadataRules(policy, ourUser: geteuid(), ourGroup: getegid())
    ledger = try DirectoryLedger(in: scratch)
    self.root = root
    check = TreeCheck(tell: tell)
  }

  /// Compares all of an archive.
  ///
  /// - Parameters:
  ///   - root: the tree.
  ///   - scratch: a directory in which a temporary file can be made.
  ///   - policy: what the tree was extracted with.
  ///   - comparesRoot: whether the tree's own directory is to be what the archive says of `./`.
  ///   - findsExtra: whether what is not in the archive is looked for.
  ///   - progress: told now and then how many bytes of the file on disk have been read.
  ///   - tell: told each difference as it is found; none means that they are the same.
  /// - Throws: ``RecoverError`` for the archive, or where the tree can't be looked at.
  package static func compare<Source: ByteSource & ~Copyable>(
    _ reader: inout TarReader<Source>, with root: consuming TreeRoot, scratch: borrowing TreeRoot,
    _ policy: ExtractionPolicy, comparesRoot: Bool = false, findsExtra: Bool = true,
    progress: (Int64) -> Void = { _ in },
    tell: @escaping (TreeDifference) -> Void
  ) throws {
    var comparison = try TreeComparison(root, scratch: scratch, policy, comparesRoot: comparesRoot, tell: tell)
    let content = ContentComparison()
    var told: Int64 = 0
    while let member = try reader.next() {
      try comparison.add(member, &reader, content)
      if reader.consumedBytes - told > 4 << 20 {
        told = reader.consumedBytes
        progress(told)
      }
    }
    comparison.parent = nil
    try comparison.checkDirectories()
    if findsExtra { try comparison.findExtra() }
  }

  // MARK: Members

  private mutating func add<Source: ByteSource & ~Copyable>(
    _ member: TarMember, _ reader: inout TarReader<Source>, _ content: ContentComparison
  ) throws {
    if member.kind == .label { return }
    let path = try TreeExtractor.path(member.name, of: member)
    if path.isRoot, !comparesRoot { return }
    if isLeftOut(member) { return }
    learn(path)
    let metadata = rules.metadata(of: member) { _ in }
    if member.kind == .directory {
      try ledger.add(DirectoryLedger.Record(path: path, metadata: metadata, isMadeUp: false))
      return
    }
    openParent(of: path)
    guard let leaf = path.leaf, let directory = parent?.descriptor,
      let status = check.status(path, leaf, in: directory, Self.kind(member))
    else {
      if parent == nil { tell(path, .missing) }
      return
    }
    switch member.kind {
    case .file:
      try check.file(path, leaf, in: directory, metadata, size: member.size) { file in
        try content.firstDifference(member, &reader, file)
      }
    case .hardLink(let target):
      check.hardLink(path, status, to: try TreeExtractor.path(target, of: member), in: root)
    case .symbolicLink(let target): check.symbolicLink(path, leaf, in: directory, status, metadata, to: target)
    case .fifo: check.node(path, status, metadata, nil)
    case .characterDevice(let device), .blockDevice(let device): check.node(path, status, metadata, device)
    case .directory, .label: break
    }
  }

  private func tell(_ path: TreePath, _ what: TreeDifference.What) {
    check.tell(TreeDifference(path: path, what: what))
  }

  /// Nil for a hard link, which is whatever the other name is.
  private static func kind(_ member: TarMember) -> FileKind? {
    switch member.kind {
    case .file: .file
    case .directory: .directory
    case .symbolicLink: .symbolicLink
    case .hardLink, .label: nil
    case .characterDevice: .characterDevice
    case .blockDevice: .blockDevice
    case .fifo: .fifo
    }
  }

  /// What the policy leaves out is not expected.
  private mutating func isLeftOut(_ member: TarMember) -> Bool {
    switch member.kind {
    case .characterDevice, .blockDevice:
      guard !rules.policy.makesDevices else { return false }
      lacksDevice = true
      return true
    case .hardLink(let target):
      guard lacksDevice, let path = try? TreePath(target) else { return false }
      return !known.contains(path.hashValue)
    case .file, .directory, .symbolicLink, .fifo, .label: return false
    }
  }

  /// Remembers a path and all that it goes through.
  private mutating func learn(_ path: TreePath) {
    var path = path
    while !path.isRoot, known.insert(path.hashValue).inserted { path = path.parent }
  }

  private mutating func openParent(of path: TreePath) {
    let wanted = path.parent
    if wanted == parentPath { return }
    parent = root.open(wanted)
    parentPath = wanted
  }

  private mutating func checkDirectories() throws {
    try ledger.flush()
    try ledger.forEach { check.directory($0.path, $0.metadata, in: root) }
  }

  // MARK: What is not in the archive

  private func findExtra() throws {
    guard let top = root.open(TreePath(parts: [])) else { return }
    try findExtra(in: top, TreePath(parts: []))
  }

  private func findExtra(in directory: borrowing TreeDirectory, _ path: TreePath) throws {
    guard var stream = DirectoryStream(directory.descriptor) else {
      tell(path, .unreadable(RecoverError.systemMessage(errno)))
      return
    }
    while let name = try stream.next() {
      let child = TreePath(parts: path.parts + [name])
      guard known.contains(child.hashValue) else {
        tell(child, .extra)
        continue
      }
      guard FileStatus(directory.descriptor, name)?.isDirectory == true, let below = root.open(child) else { continue }
      try findExtra(in: below, child)
    }
  }
}
