/// What an extraction made, and all that it could not do as the archive has it: nothing is left out silently.
package struct ExtractionReport: Sendable, Hashable {
  /// Something of the archive that the files do not have.
  package enum Loss: String, Sendable, Hashable, CaseIterable, Codable {
    /// The file belongs to somebody else than in the archive, since only root gives files away.
    case owner
    /// The bits setuid and setgid were not asked for.
    case privilege
    /// A device was not asked for, or only root makes one.
    case device
    /// An extended attribute can't be set here.
    case attribute
    /// An extended attribute or an access control list was not asked for.
    case leftOut = "left-out"
    /// An access control list can't be set here, or names somebody who is not known here.
    case accessList = "access-list"
    /// A hard link to something that was left out.
    case link
    /// A directory that the archive does not have, but has members in: its owner and mode are made up.
    case madeUpDirectory = "made-up-directory"
    /// Nobody here has the name of its user or group, and so the number counts.
    case name

    /// What nobody asked for: these are failures where everything was to be restored.
    package static let inabilities: [Loss] = [.owner, .attribute, .accessList]
  }

  package struct Losses: Sendable, Hashable {
    package var count: Int64 = 0
    /// The first ones, as paths.
    package var examples: [TarName] = []

    private static let exampleLimit = 5

    mutating func add(_ path: TreePath) {
      count += 1
      if examples.count < Self.exampleLimit { examples.append(TarName(path.bytes)) }
    }

    /// The first paths, and that there are more.
    package var text: String {
      examples.map(\.description).joined(separator: ", ") + (count > Int64(examples.count) ? " and others" : "")
    }
  }

  package internal(set) var files: Int64 = 0
  package internal(set) var directories: Int64 = 0
  package internal(set) var links: Int64 = 0
  package internal(set) var others: Int64 = 0
  /// The sizes of all files, holes included.
  package internal(set) var contentBytes: Int64 = 0
  /// Of data that was written, holes apart.
  package internal(set) var writtenBytes: Int64 = 0
  package private(set) var losses: [Loss: Losses] = [:]

  package init() {}

  mutating func lose(_ loss: Loss, _ path: TreePath) {
    losses[loss, default: Losses()].add(path)
  }
}
