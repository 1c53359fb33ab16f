package import RecoverBase

/// What of an archive's metadata is given to the files that are made.
package struct ExtractionPolicy: Sendable, Hashable, Codable {
  /// Whom the files belong to.
  package enum Ownership: Sendable, Hashable, Codable {
    /// The archive's numbers.
    case numbers
    /// The users and groups that have the archive's names here; the numbers where it has none, or nobody has the name.
    case names
    /// One user and one group.
    case fixed(user: UInt32, group: UInt32)
    /// Whoever extracts.
    case ourselves
  }

  /// The user numbers of the archive, or the group numbers, that mean others here.
  package struct Map: Sendable, Hashable {
    package var users: [UInt32: UInt32]
    package var groups: [UInt32: UInt32]

    package init(users: [UInt32: UInt32] = [:], groups: [UInt32: UInt32] = [:]) {
      self.users = users
      self.groups = groups
    }
  }

  package var ownership: Ownership
  /// Applied after `ownership`.
  package var map: Map
  /// Whether files and directories keep the bits setuid and setgid.
  package var keepsPrivileges: Bool
  /// Whether device nodes are made.
  package var makesDevices: Bool
  /// Whether attributes outside of `user.` are set: capabilities, labels, what is trusted.
  package var keepsPrivilegedAttributes: Bool
  /// Whether no attributes and access control lists are set at all.
  package var skipsAttributes: Bool
  /// What is changed of the modes that the archive has; nil for nothing.
  package var modes: ModeChange?

  package init(
    ownership: Ownership = .numbers, map: Map = Map(), keepsPrivileges: Bool = false, makesDevices: Bool = false,
    keepsPrivilegedAttributes: Bool = false, skipsAttributes: Bool = false, modes: ModeChange? = nil
  ) {
    self.ownership = ownership
    self.map = map
    self.keepsPrivileges = keepsPrivileges
    self.makesDevices = makesDevices
    self.keepsPrivilegedAttributes = keepsPrivilegedAttributes
    self.skipsAttributes = skipsAttributes
    self.modes = modes
  }

  /// The twelve bits that a member of this mode gets.
  func mode(of member: TarMember) -> UInt16 {
    let mode = keepsPrivileges ? member.mode : member.mode & ~0o6000
    return modes?.applied(to: mode, isDirectory: member.kind == .directory) ?? mode
  }

  /// Whether an attribute is set.
  func keeps(_ attribute: TarMember.Attribute) -> Bool {
    !skipsAttributes && (keepsPrivilegedAttributes || attribute.name.hasPrefix("user."))
  }
}

extension ExtractionPolicy.Map: Codable {
  private enum CodingKeys: String, CodingKey { case users, groups }

  /// In order, so that the same map always has the same form.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(users.sorted { $0.key < $1.key }.map { [$0.key, $0.value] }, forKey: .users)
    try container.encode(groups.sorted { $0.key < $1.key }.map { [$0.key, $0.value] }, forKey: .groups)
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    users = try Self.pairs(container.decode([[UInt32]].self, forKey: .users), decoder)
    groups = try Self.pairs(container.decode([[UInt32]].self, forKey: .groups), decoder)
  }

  private static func pairs(_ pairs: [[UInt32]], _ decoder: any Decoder) throws -> [UInt32: UInt32] {
    guard pairs.allSatisfy({ $0.count == 2 }) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "a pair has two numbers"))
    }
    return Dictionary(pairs.map { ($0[0], $0[1]) }, uniquingKeysWith: { first, _ in first })
  }
}
