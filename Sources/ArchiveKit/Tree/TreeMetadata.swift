internal import RecoverBase

/// What a file is to have beside its content, once the policy has been asked.
struct TreeMetadata: Hashable {
  var mode: UInt16
  var user: UInt32
  var group: UInt32
  var modified: TarTime
  /// Whether the archive does not say what is below the second.
  var hasWholeSeconds = false
  var accessed: TarTime?
  var attributes: [TarMember.Attribute]
  /// As the kernel keeps them.
  var accessList: [UInt8]?
  var defaultList: [UInt8]?
}

/// Decides what the files get, and keeps account of what they don't.
struct TreeMetadataRules {
  let policy: ExtractionPolicy
  private var names = AccountNames()
  let ourUser: UInt32
  let ourGroup: UInt32

  init(_ policy: ExtractionPolicy, ourUser: UInt32, ourGroup: UInt32) {
    self.policy = policy
    self.ourUser = ourUser
    self.ourGroup = ourGroup
  }

  /// What a member's file gets.
  ///
  /// - Parameter lose: told what of the member it does not get.
  mutating func metadata(of member: TarMember, lose: (ExtractionReport.Loss) -> Void) -> TreeMetadata {
    let (user, group) = owner(of: member, lose)
    // Given to somebody else, it would hand out the rights of the wrong user.
    if member.mode & 0o6000 != 0, !policy.keepsPrivileges { lose(.privilege) }
    let stored = member.attributes.filter { !Self.listNames.contains($0.name) }
    let attributes = stored.filter(policy.keeps)
    for _ in attributes.count..<stored.count { lose(.leftOut) }
    let isDirectory = member.kind == .directory
    var accessList = list(member.accessList, member, Self.listNames[0], lose)
    let defaultList = list(member.defaultList, member, Self.listNames[1], lose)
    if defaultList != nil, !isDirectory { lose(.accessList) }
    let mode = policy.mode(of: member)
    if let list = accessList, let modes = policy.modes {
      accessList?.take(modes.applied(to: list.mode(with: member.mode), isDirectory: isDirectory))
    }
    return TreeMetadata(
      mode: accessList?.mode(with: mode) ?? mode, user: user, group: group, modified: member.modified,
      hasWholeSeconds: member.hasWholeSeconds,
      accessed: member.accessed, attributes: attributes, accessList: accessList?.bytes,
      defaultList: isDirectory ? defaultList?.bytes : nil)
  }

  /// The attributes that lists are, in the kernel's form.
  private static let listNames = ["system.posix_acl_access", "system.posix_acl_default"]

  /// What a directory gets that the archive does not have.
  func madeUp(at time: TarTime) -> TreeMetadata {
    var (user, group) = (ourUser, ourGroup)
    if case .fixed(let fixedUser, let fixedGroup) = policy.ownership { (user, group) = (fixedUser, fixedGroup) }
    return TreeMetadata(
      mode: policy.modes?.applied(to: 0o755, isDirectory: true) ?? 0o755, user: user, group: group, modified: time,
      attributes: [])
  }

  private mutating func owner(
    of member: TarMember, _ lose: (ExtractionReport.Loss) -> Void
  ) -> (user: UInt32, group: UInt32) {
    var (user, group) = (member.user.number, member.group.number)
    switch policy.ownership {
    case .numbers: break
    case .names:
      let (userName, groupName) = (member.user.name, member.group.name)
      let here = (
        userName.bytes.isEmpty ? nil : names.user(userName), groupName.bytes.isEmpty ? nil : names.group(groupName)
      )
      if here.0 == nil || here.1 == nil { lose(.name) }
      (user, group) = (here.0 ?? user, here.1 ?? group)
    case .fixed(let fixedUser, let fixedGroup): (user, group) = (fixedUser, fixedGroup)
    case .ourselves: (user, group) = (ourUser, ourGroup)
    }
    return (policy.map.users[user] ?? user, policy.map.groups[group] ?? group)
  }

  /// The list in its text form, or else, where only GNU tar's copy of the attribute is there, in the kernel's.
  private mutating func list(
    _ text: [UInt8]?, _ member: TarMember, _ attribute: String, _ lose: (ExtractionReport.Loss) -> Void
  ) -> AccessList? {
    let bytes = member.attributes.first { $0.name == attribute }?.value
    guard text?.isEmpty == false || bytes != nil else { return nil }
    if policy.skipsAttributes {
      lose(.leftOut)
      return nil
    }
    let list =
      if let text, !text.isEmpty { AccessList(text, names: &names) } else { bytes.flatMap { AccessList(bytes: $0) } }
    if list == nil { lose(.accessList) }
    return list
  }
}
