package import ArchiveKit
internal import RecoverBase
package import RecoverCore

/// What the steps of a restore of files read from their plan: everything resolved.
package struct FilesBindings: Sendable, Hashable, Codable {
  /// Which names of the home directory are exchanged.
  package enum Scope: String, Sendable, Hashable, Codable {
    /// Those that the archive has at its top; what else is there is not touched.
    case entries
    /// The target itself, as a whole: its home is the directory that it is in.
    case whole
    /// All that is in the target, which can't trade places itself: it is a mount point.
    case contents
  }

  /// The archive, as it was when the plan was made.
  package var backup: BackupReference
  /// The directory that is restored, without links in its path.
  package var target: String
  /// As it was named, where that leads over a link.
  package var linkedFrom: String?
  /// The directory whose names are exchanged, and which directory that is.
  package var home: String
  package var homeIdentity: TreeExchange.Identity
  package var scope: Scope
  package var isMountPoint: Bool
  /// Which of the archive's members are restored; nil for all.
  package var selection: TarSelection?
  /// Whether it was said that what is replaced may lose what is left out of the archive.
  package var mirrors: Bool?
  /// Whether what the archive lacks stays, inside of what is replaced too.
  package var overlays: Bool?
  /// Whether it goes on while processes hold what is replaced.
  package var allowsHolders: Bool?
  /// Whom the files belong to, and what else they get.
  package var extraction: ExtractionPolicy
  package var budget: TarBudget
  @DurationText package var keepPrevious: Duration
  @DurationText package var keepFailed: Duration
  /// The services that use the target, in the order in which they are stopped.
  package var services: [NamedService]
  /// The checks that say whether they work.
  package var health: [NamedHealth]
  /// The trees of the policy that lie in the target, or that it lies in.
  package var trees: [String]
  /// The run that is undone: what it replaced is exchanged back.
  package var undoes: String?
  /// The names that it exchanged.
  package var undone: [String]?
  /// What it brought with each of them; nil where it took a name out.
  package var brought: [TreeExchange.Identity?]?
  /// Those of them that something was behind before.
  package var replaced: [String]?
}

extension FilesBindings {
  /// The target's own name in its home, where it is exchanged as a whole.
  package var name: String { target.split(separator: "/").last.map(String.init) ?? "" }

  /// Whether a directory of which the archive says nothing belongs to whom it belonged.
  var keepsOwnerOfRoot: Bool {
    switch extraction.ownership {
    case .numbers, .names: true
    case .fixed, .ourselves: false
    }
  }

  /// What is taken of the archive, for people; nil for all.
  package var selectionText: String? {
    guard let selection else { return nil }
    func list(_ patterns: [String]) -> String { patterns.map { "'\($0)'" }.joined(separator: ", ") }
    var text = selection.includes.isEmpty ? "everything in the archive" : "only \(list(selection.includes))"
    if !selection.excludes.isEmpty { text += ", without \(list(selection.excludes))" }
    let count = selection.strippedComponents
    if count > 0 { text += "; \(count == 1 ? "one directory is" : "\(count) directories are") cut off each name" }
    return text
  }

  /// Whom the files belong to, for people.
  package var ownerText: String {
    let owner =
      switch extraction.ownership {
      case .numbers: "the numbers that the archive has"
      case .names: "whoever has the archive's names here, else its numbers"
      case .fixed(let user, let group): "\(user):\(group)"
      case .ourselves: "whoever runs this"
      }
    var parts = ["to \(owner)"]
    if !extraction.map.users.isEmpty || !extraction.map.groups.isEmpty { parts.append("with some numbers mapped") }
    if let modes = extraction.modes { parts.append("modes changed by \(modes.text)") }
    if !extraction.keepsPrivileges { parts.append("without setuid and setgid") }
    if extraction.skipsAttributes { parts.append("without attributes and access control lists") }
    return parts.joined(separator: ", ")
  }
}

/// What a person asked of a restore of files into a directory that is there.
package struct FilesRequest: Sendable {
  /// The archive's path, absolute.
  package var archive: String
  /// The directory, absolute, or the name of a tree of the policy.
  package var target: String
  package var treeName: String?
  /// Make the directory exactly what the archive has.
  package var mirrors: Bool
  /// What is taken of the archive; nil for all.
  package var selection: TarSelection?
  /// Keep what the archive lacks, inside of what is replaced too.
  package var overlays: Bool
  /// Go on while processes hold what is replaced.
  package var allowsHolders: Bool
  package var extraction: ExtractionPolicy
  package var budget: TarBudget

  package init(
    archive: String, target: String, treeName: String? = nil, mirrors: Bool = false, selection: TarSelection? = nil,
    overlays: Bool = false, allowsHolders: Bool = false,
    extraction: ExtractionPolicy, budget: TarBudget
  ) {
    self.archive = archive
    self.target = target
    self.treeName = treeName
    self.mirrors = mirrors
    self.selection = selection
    self.overlays = overlays
    self.allowsHolders = allowsHolders
    self.extraction = extraction
    self.budget = budget
  }
}
