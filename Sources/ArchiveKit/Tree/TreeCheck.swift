internal import Glibc
internal import RecoverBase

/// Looks at files of a tree and tells in what they are not as expected; follows nothing, and changes nothing.
struct TreeCheck {
  /// Whether times must be the same below the second also where the archive does not say: in what was just extracted
  /// from it.
  var isExact = false
  let tell: (TreeDifference) -> Void

  private func tell(_ path: TreePath, _ what: TreeDifference.What) {
    tell(TreeDifference(path: path, what: what))
  }

  /// Looks at what has a name, and whether it is of a kind.
  ///
  /// - Parameter kind: nil for any.
  func status(_ path: TreePath, _ leaf: [UInt8], in directory: Int32, _ kind: FileKind?) -> FileStatus? {
    guard let status = FileStatus(directory, leaf) else {
      tell(path, .missing)
      return nil
    }
    guard kind == nil || status.kind == kind else {
      tell(path, .kind)
      return nil
    }
    return status
  }

  /// Checks a file.
  ///
  /// - Parameter content: gives the place of the first byte that differs in the open file; nil where all are the same.
  func file(
    _ path: TreePath, _ leaf: [UInt8], in directory: Int32, _ metadata: TreeMetadata, size: Int64,
    content: (Int32) throws -> Int64?
  ) throws {
    // Not to wait for whatever a fifo would be that took its place.
    let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
    let descriptor = unsafe openat(directory, FileName.c(leaf), flags)
    guard descriptor >= 0 else {
      tell(path, .unreadable(RecoverError.systemMessage(errno)))
      return
    }
    let file = TreeDirectory(owning: descriptor)
    guard let status = FileStatus(file.descriptor), status.kind == .file else {
      tell(path, .kind)
      return
    }
    self.metadata(metadata, status, path, hasMode: true)
    attributes(metadata, file.descriptor, path)
    if status.size != size {
      tell(path, .size(expected: size, found: status.size))
    } else if let offset = try content(file.descriptor) {
      tell(path, .content(offset: offset))
    }
  }

  func hardLink(_ path: TreePath, _ status: FileStatus, to target: TreePath, in root: borrowing TreeRoot) {
    guard let name = target.leaf, let directory = root.open(target.parent),
      let found = FileStatus(directory.descriptor, name), found.inode == status.inode, found.device == status.device
    else {
      tell(path, .notLinked(to: TarName(target.bytes)))
      return
    }
  }

  func symbolicLink(
    _ path: TreePath, _ leaf: [UInt8], in directory: Int32, _ status: FileStatus, _ metadata: TreeMetadata,
    to target: TarName
  ) {
    var buffer = [CChar](repeating: 0, count: 4097)
    let count = unsafe readlinkat(directory, FileName.c(leaf), &buffer, buffer.count)
    let found = TarName(buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) })
    if found != target { tell(path, .target(expected: target, found: found)) }
    self.metadata(metadata, status, path, hasMode: false)
  }

  func node(_ path: TreePath, _ status: FileStatus, _ metadata: TreeMetadata, _ device: TarMember.Device?) {
    if let device, status.deviceNumber != device { tell(path, .device) }
    self.metadata(metadata, status, path, hasMode: true)
  }

  func directory(_ path: TreePath, _ metadata: TreeMetadata, in root: borrowing TreeRoot) {
    guard let directory = root.open(path) else {
      tell(path, errno == ENOENT ? .missing : .kind)
      return
    }
    let dot = FileName.c([UInt8(ascii: ".")])
    let descriptor = unsafe openat(directory.descriptor, dot, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      tell(path, .unreadable(RecoverError.systemMessage(errno)))
      return
    }
    let open = TreeDirectory(owning: descriptor)
    guard let status = FileStatus(open.descriptor) else { return }
    self.metadata(metadata, status, path, hasMode: true)
    attributes(metadata, open.descriptor, path)
  }

  // MARK: Metadata

  private func metadata(_ metadata: TreeMetadata, _ status: FileStatus, _ path: TreePath, hasMode: Bool) {
    if hasMode, status.mode != metadata.mode {
      tell(path, .mode(expected: metadata.mode, found: status.mode))
    }
    if status.user != metadata.user || status.group != metadata.group {
      let (expected, found) = ("\(metadata.user):\(metadata.group)", "\(status.user):\(status.group)")
      tell(path, .owner(expected: expected, found: found))
    }
    let isSameTime =
      metadata.hasWholeSeconds && !isExact
      ? status.modified.seconds == metadata.modified.seconds : status.modified == metadata.modified
    if !isSameTime {
      tell(path, .modified(expected: metadata.modified, found: status.modified))
    }
  }

  private func attributes(_ metadata: TreeMetadata, _ file: Int32, _ path: TreePath) {
    let names = FileAttributes.names(file)
    if names.isEmpty, metadata.attributes.isEmpty, metadata.accessList == nil, metadata.defaultList == nil { return }
    for attribute in metadata.attributes where FileAttributes.value(of: attribute.name, file) != attribute.value {
      tell(path, .attribute(attribute.name))
    }
    // Labels of the system come by themselves.
    let expected = Set(metadata.attributes.map(\.name) + ["security.selinux"])
    for name in names where !name.hasPrefix("system.") && !expected.contains(name) { tell(path, .attribute(name)) }
    let lists = [("system.posix_acl_access", metadata.accessList), ("system.posix_acl_default", metadata.defaultList)]
    for (name, list) in lists {
      // The kernel keeps no list that says what the mode says.
      let isPlain = name.hasSuffix("access") && list?.count == AccessList.plainByteCount
      if FileAttributes.value(of: name, file) != (isPlain ? nil : list) { tell(path, .accessList) }
    }
  }
}
