internal import CLinux
internal import Glibc
internal import RecoverBase

extension TreeExtractor {
  /// Gives an open file or directory its owner, attributes, mode, lists and times, in this order: a change of the owner takes
  /// privileges away, one of the mode the right to set attributes.
  @discardableResult
  func apply(
    _ metadata: TreeMetadata, to file: Int32, _ path: TreePath, _ report: inout ExtractionReport
  ) throws -> FileStatus {
    guard let status = FileStatus(file) else { throw failure(path, "look at") }
    var mode = metadata.mode
    if try !setOwner(metadata, status, path, &report, change: { fchown(file, $0, $1) }), mode & 0o6000 != 0 {
      mode &= ~0o6000
      report.lose(.privilege, path)
    }
    for attribute in metadata.attributes {
      let isSet = unsafe recover_set_attribute(file, attribute.name, attribute.value, attribute.value.count) == 0
      if !isSet { try loseAttribute(.attribute, path, &report) }
    }
    guard fchmod(file, mode_t(mode)) == 0 else { throw failure(path, "set the mode of") }
    for (name, list) in [
      ("system.posix_acl_access", metadata.accessList), ("system.posix_acl_default", metadata.defaultList),
    ] {
      guard let list else { continue }
      let isSet = unsafe recover_set_attribute(file, name, list, list.count) == 0
      if !isSet { try loseAttribute(.accessList, path, &report) }
    }
    try setTimes(metadata, file, nil, 0, path)
    return status
  }

  /// Changes the owner where it is another.
  ///
  /// - Returns: whether the file belongs to whom it should.
  func setOwner(
    _ metadata: TreeMetadata, _ status: FileStatus, _ path: TreePath, _ report: inout ExtractionReport,
    change: (UInt32, UInt32) -> Int32
  ) throws -> Bool {
    if status.user == metadata.user, status.group == metadata.group { return true }
    if change(metadata.user, metadata.group) == 0 { return true }
    guard errno == EPERM || errno == EINVAL else { throw failure(path, "set the owner of") }
    // An ordinary user may still give it to a group of theirs.
    _ = change(.max, metadata.group)
    report.lose(.owner, path)
    return false
  }

  func setTimes(_ metadata: TreeMetadata, _ descriptor: Int32, _ name: [UInt8]?, _ flags: Int32, _ path: TreePath)
    throws
  {
    let (accessed, modified) = (metadata.accessed, metadata.modified)
    let code =
      if let name {
        unsafe recover_set_times(
          descriptor, FileName.c(name), flags, accessed == nil ? 0 : 1, accessed?.seconds ?? 0,
          Int(accessed?.nanoseconds ?? 0), modified.seconds, Int(modified.nanoseconds))
      } else {
        recover_set_times(
          descriptor, nil, flags, accessed == nil ? 0 : 1, accessed?.seconds ?? 0, Int(accessed?.nanoseconds ?? 0),
          modified.seconds, Int(modified.nanoseconds))
      }
    guard code == 0 else { throw failure(path, "set the times of") }
  }

  /// What the file system or our rights don't allow is told; a full disk is an error.
  private func loseAttribute(
    _ loss: ExtractionReport.Loss, _ path: TreePath, _ report: inout ExtractionReport
  ) throws {
    switch errno {
    case ENOTSUP, EPERM, EACCES, EINVAL, E2BIG, ERANGE: report.lose(loss, path)
    default: throw failure(path, "set an attribute of")
    }
  }
}
