internal import ArchiveKit
internal import ArgumentParser
internal import RecoverBase

/// What restored files get of the archive's metadata.
struct ExtractionOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Whom the files belong to: numbers (the archive's, as is default), names (who has the archive's names here), self, or user:group.",
      valueName: "who"))
  var owner: String?

  @Option(help: ArgumentHelp("Give what is of user a to user b, by numbers; may be repeated.", valueName: "a=b"))
  var mapUser: [String] = []

  @Option(help: ArgumentHelp("Give what is of group a to group b, by numbers; may be repeated.", valueName: "a=b"))
  var mapGroup: [String] = []

  @Option(
    help: ArgumentHelp("Change the archive's modes, as chmod does: u=rwX,g=rX,o=.", valueName: "modes"))
  var modes: String?

  @Flag(help: "Keep the bits setuid and setgid.")
  var keepSetuid = false

  @Flag(help: "Make device nodes; only root can.")
  var devices = false

  @Flag(help: "Set attributes outside of user. as well: capabilities, labels.")
  var privilegedAttributes = false

  @Flag(help: "Leave out extended attributes and access control lists.")
  var skipAttributes = false

  /// Whether something was asked for that is otherwise left out.
  var hasRequests: Bool { keepSetuid || devices || privilegedAttributes }

  var isEmpty: Bool {
    owner == nil && modes == nil && mapUser.isEmpty && mapGroup.isEmpty && !hasRequests && !skipAttributes
  }

  /// - Parameters:
  ///   - isComparison: whether everything is wanted that the archive has.
  ///   - otherwise: whom the policy names, as `user:group`; what was asked for comes first.
  ///   - otherModes: the policy's, likewise.
  func policy(isComparison: Bool, otherwise: String? = nil, otherModes: String? = nil) throws -> ExtractionPolicy {
    ExtractionPolicy(
      ownership: try ownership(owner ?? otherwise),
      map: ExtractionPolicy.Map(
        users: try Self.map(mapUser, "--map-user"), groups: try Self.map(mapGroup, "--map-group")),
      keepsPrivileges: keepSetuid || isComparison, makesDevices: devices || isComparison,
      keepsPrivilegedAttributes: privilegedAttributes || isComparison, skipsAttributes: skipAttributes,
      modes: try change(modes ?? otherModes))
  }

  private func change(_ text: String?) throws -> ModeChange? {
    guard let text else { return nil }
    guard let change = ModeChange(text) else {
      throw RecoverError(
        .usage, "--modes takes a change as chmod does, in letters, such as u=rwX,g=rX,o=, not \(text)",
        hint: "X is for directories, and for files that somebody may execute already")
    }
    return change
  }

  private func ownership(_ owner: String?) throws -> ExtractionPolicy.Ownership {
    switch owner {
    case nil, "numbers": return .numbers
    case "names": return .names
    case "self": return .ourselves
    case let text?:
      guard let one = try ExtractionPolicy.Ownership.owner(text) else {
        throw RecoverError(
          .usage, "--owner takes numbers, names, self, or user:group such as 1000:1000, not \(text)",
          hint: NearestName.hint(text, among: ["numbers", "names", "self"])
            ?? "id -u and id -g say the numbers of a user")
      }
      return one
    }
  }

  private static func map(_ pairs: [String], _ option: String) throws -> [UInt32: UInt32] {
    var map: [UInt32: UInt32] = [:]
    for pair in pairs {
      let parts = pair.split(separator: "=", omittingEmptySubsequences: false).map(number)
      guard parts.count == 2, let from = parts[0], let to = parts[1], map.updateValue(to, forKey: from) == nil else {
        throw RecoverError(.usage, "\(option) takes two numbers such as 1000=1001, the first one once, not \(pair)")
      }
    }
    return map
  }

  /// The largest number is none: it means "leave it" to chown(2).
  private static func number(_ text: Substring) -> UInt32? { UInt32(text).flatMap { $0 == .max ? nil : $0 } }
}
