internal import Glibc
internal import RecoverBase

/// What an archive needs of the place that it is extracted to, asked member by member before each is made.
package struct TreeNeeds {
  private var rules: TreeMetadataRules
  private let isPrivileged = geteuid() == 0
  private let ourGroups: Set<UInt32>
  /// What the files will not have, as the policy says.
  package private(set) var report = ExtractionReport()
  package private(set) var inodes: Int64 = 0
  /// With what blocks and directories take up, at 4096 bytes each.
  package private(set) var bytes: Int64 = 0
  /// Members that only root could give to their owner.
  private(set) var foreign = ExtractionReport.Losses()
  private var wantsAttributes = false
  private var wantsLists = false
  private var wantsDevices = false
  private var hasTriedAttributes = false
  private var hasTriedLists = false
  /// What was free before the first member.
  package private(set) var room: (bytes: Int64, inodes: Int64)?

  package init(_ policy: ExtractionPolicy) {
    rules = TreeMetadataRules(policy, ourUser: geteuid(), ourGroup: getegid())
    var groups = [gid_t](repeating: 0, count: 65_536)
    let count = unsafe getgroups(Int32(groups.count), &groups)
    ourGroups = Set(groups.prefix(Int(max(0, count))) + [getegid()])
  }

  package mutating func add(_ member: TarMember) {
    guard member.kind != .label, let path = try? TreePath(member.name) else { return }
    var report = report
    let metadata = rules.metadata(of: member) { report.lose($0, path) }
    switch member.kind {
    case .characterDevice, .blockDevice:
      wantsDevices = wantsDevices || rules.policy.makesDevices
      if !rules.policy.makesDevices { report.lose(.device, path) }
    case .hardLink: break
    case .file: bytes += (member.dataBytes + 4095) / 4096 * 4096
    case .directory, .symbolicLink, .fifo, .label: bytes += 4096
    }
    self.report = report
    inodes += 1
    wantsAttributes = wantsAttributes || !metadata.attributes.isEmpty
    wantsLists = wantsLists || metadata.accessList != nil || metadata.defaultList != nil
    if !isPrivileged, metadata.user != rules.ourUser || !ourGroups.contains(metadata.group) {
      foreign.add(path)
    }
  }

  /// Refuses what can't be had in a directory, as far as the members are known.
  ///
  /// - Throws: ``RecoverError`` `missingRequirement`, `noSpace`.
  package mutating func check(_ staging: borrowing StagingDirectory) throws {
    if foreign.count > 0 {
      throw RecoverError(
        .missingRequirement, "\(foreign.text) belongs to somebody else, and only root gives files away",
        hint: "run it as root, or say --owner self, and all of it belongs to you")
    }
    if wantsDevices, !isPrivileged {
      throw RecoverError(.missingRequirement, "only root makes devices", hint: "leave --devices out")
    }
    if let unknown = report.losses[.accessList] {
      throw RecoverError(
        .missingRequirement,
        "the access control list of \(unknown.text) is damaged, or names somebody who is not known here",
        hint: "make the users and groups first, or say --skip-attributes")
    }
    try checkAttributes(staging)
    try checkRoom(staging)
  }

  private mutating func checkAttributes(_ staging: borrowing StagingDirectory) throws {
    var lacks = false
    if wantsAttributes, !hasTriedAttributes {
      hasTriedAttributes = true
      lacks = !staging.takes("user.recover", [1])
    }
    if wantsLists, !hasTriedLists {
      hasTriedLists = true
      lacks = lacks || !staging.takes("system.posix_acl_access", AccessList(plainMode: 0o700).bytes)
    }
    guard lacks else { return }
    throw RecoverError(
      .missingRequirement,
      "the archive has extended attributes or access control lists, and the file system of \(staging.path) takes none",
      hint: "say --skip-attributes to leave them out")
  }

  /// The room is what it was before the first member; what somebody else writes meanwhile ends in a full disk, which is
  /// an error too.
  private mutating func checkRoom(_ staging: borrowing StagingDirectory) throws {
    let room = try room ?? staging.room()
    self.room = room
    guard bytes <= room.bytes else {
      throw RecoverError(
        .noSpace, "the files take more than the \(ByteCount(room.bytes)) that were free at \(staging.path)",
        hint: "make room, or restore to another file system")
    }
    // File systems that make inodes as they go say that they have none.
    guard room.inodes == 0 || inodes <= room.inodes else {
      throw RecoverError(
        .noSpace, "there are more members than the \(room.inodes) inodes that were free at \(staging.path)",
        hint: "make room, or restore to another file system")
    }
  }
}
