internal import CLinux
internal import Glibc
internal import RecoverBase

extension TreeExtractor {
  mutating func addSymbolicLink(
    _ member: TarMember, _ path: TreePath, _ leaf: [UInt8], in directory: Int32, to target: TarName
  ) throws {
    guard unsafe symlinkat(FileName.c(target.bytes), directory, FileName.c(leaf)) == 0 else {
      if errno == EEXIST { throw Self.refusal(member, "the name is there already") }
      if errno == ENAMETOOLONG { throw Self.refusal(member, "what it points to is longer than Linux allows") }
      throw failure(path, "make the link")
    }
    report.links += 1
    let metadata = try finishUnopened(member, path, leaf, in: directory)
    try note(path, .symbolicLink(target: target), metadata)
  }

  /// Makes another name of a file that this extraction made, and of no other.
  mutating func addHardLink(
    _ member: TarMember, _ path: TreePath, _ leaf: [UInt8], in directory: Int32, to target: TarName
  ) throws {
    let targetPath = try Self.path(target, of: member)
    guard let name = targetPath.leaf, let parent = root.open(targetPath.parent),
      let status = FileStatus(parent.descriptor, name)
    else {
      if report.losses[.device] != nil {
        report.lose(.link, path)
        return
      }
      throw Self.refusal(member, "it is a link to \(targetPath), which the archive has not made before")
    }
    guard !status.isDirectory, status.device == root.device, inodes.contains(status.inode) else {
      throw Self.refusal(member, "it is a link to \(targetPath), which is no file of this archive")
    }
    guard unsafe linkat(parent.descriptor, FileName.c(name), directory, FileName.c(leaf), 0) == 0 else {
      if errno == EEXIST { throw Self.refusal(member, "the name is there already") }
      throw failure(path, "make the link")
    }
    // Between the look and the link somebody may have put another file there.
    guard let made = FileStatus(directory, leaf), made.inode == status.inode else {
      unsafe unlinkat(directory, FileName.c(leaf), 0)
      throw Self.refusal(member, "what it is a link to was changed meanwhile")
    }
    report.links += 1
    try note(path, .hardLink(target: targetPath), rules.metadata(of: member) { _ in })
  }

  mutating func addDevice(
    _ member: TarMember, _ path: TreePath, _ leaf: [UInt8], in directory: Int32, kind: FileKind,
    _ device: TarMember.Device
  ) throws {
    guard rules.policy.makesDevices, isPrivileged else {
      report.lose(.device, path)
      return
    }
    try addNode(member, path, leaf, in: directory, kind: kind, device)
  }

  mutating func addNode(
    _ member: TarMember, _ path: TreePath, _ leaf: [UInt8], in directory: Int32, kind: FileKind,
    _ device: TarMember.Device = TarMember.Device(major: 0, minor: 0)
  ) throws {
    guard unsafe recover_make_node(directory, FileName.c(leaf), kind.rawValue | 0o600, device.major, device.minor) == 0
    else {
      if errno == EEXIST { throw Self.refusal(member, "the name is there already") }
      if errno == EPERM, kind != .fifo {
        report.lose(.device, path)
        return
      }
      throw failure(path, "make")
    }
    report.others += 1
    let metadata = try finishUnopened(member, path, leaf, in: directory)
    try note(path, .node(kind, device), metadata)
  }

  /// Gives what must not be opened (a device would act, a fifo wait) its owner, mode and times; never through a link.
  private mutating func finishUnopened(
    _ member: TarMember, _ path: TreePath, _ leaf: [UInt8], in directory: Int32
  ) throws -> TreeMetadata {
    let descriptor = unsafe openat(directory, FileName.c(leaf), recover_path_only | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(path, "open") }
    let node = TreeDirectory(owning: descriptor)
    guard let status = FileStatus(node.descriptor) else { throw failure(path, "look at") }
    var report = report
    let metadata = rules.metadata(of: member) { report.lose($0, path) }
    var mode = metadata.mode
    let isOwned = try setOwner(metadata, status, path, &report) { user, group in
      unsafe fchownat(descriptor, [0], user, group, recover_empty_path)
    }
    // A link has no mode, and no attributes or lists that an archive could have.
    if !status.isSymbolicLink {
      if !isOwned { mode &= ~0o6000 }
      guard recover_chmod_path_descriptor(node.descriptor, UInt32(mode)) == 0 else {
        throw failure(path, "set the mode of")
      }
    }
    for _ in metadata.attributes { report.lose(.attribute, path) }
    if metadata.accessList != nil { report.lose(.accessList, path) }
    try setTimes(metadata, directory, leaf, AT_SYMLINK_NOFOLLOW, path)
    inodes.insert(status.inode)
    self.report = report
    return metadata
  }
}
