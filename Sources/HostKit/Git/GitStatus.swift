internal import RecoverBase

/// What `git status --porcelain=v2 --branch -z` says of tracked files (git-status(1), Porcelain Format Version 2).
package struct GitStatus: Sendable, Hashable {
  /// How many paths are kept by name.
  package static let pathLimit = 20

  /// The commit that is checked out; nil before the first one.
  package var commit: String?
  /// The branch that is checked out; nil for a detached HEAD.
  package var branch: String?
  /// Tracked files that differ from the commit, at most ``pathLimit`` of them.
  package var changedPaths: [String] = []
  package var changeCount = 0
  package var unmergedCount = 0
  /// Submodules with another commit, or with changes inside.
  package var changedSubmodules: [String] = []
  /// Submodules in which tracked files differ from what is checked out there; all of them.
  package var editedSubmodules: [String] = []

  package init(commit: String? = nil, branch: String? = nil) {
    self.commit = commit
    self.branch = branch
  }

  /// Whether tracked files are what the commit has.
  package var isClean: Bool { changeCount == 0 && unmergedCount == 0 }

  /// A few of the changed paths, for messages.
  package var changesText: String {
    let shown = changedPaths.prefix(5).joined(separator: ", ")
    let more = changeCount + unmergedCount - min(5, changedPaths.count)
    return more > 0 ? "\(shown) and \(more) more" : shown
  }
}

/// Takes the records of a status one after the other.
struct GitStatusParser {
  private(set) var status = GitStatus()
  /// The next record is the old path of a rename.
  private var skipsNext = false

  /// - Throws: ``RecoverError`` `unreachable` for a record that the format does not have.
  mutating func take(_ record: [UInt8]) throws {
    if skipsNext {
      skipsNext = false
      return
    }
    let text = String(decoding: record, as: UTF8.self)
    switch record.first {
    case UInt8(ascii: "#"): takeHeader(text)
    case UInt8(ascii: "1"): note(text, fieldsBeforePath: 8)
    case UInt8(ascii: "2"):
      note(text, fieldsBeforePath: 9)
      skipsNext = true
    case UInt8(ascii: "u"):
      status.unmergedCount += 1
      keep(Self.path(text, after: 10))
    case UInt8(ascii: "?"), UInt8(ascii: "!"): break
    default: throw RecoverError(.unreachable, "git status printed what it should not: \(text.prefix(40))")
    }
  }

  /// The path of a record of one changed or untracked file; nil for any other.
  static func path(of record: [UInt8]) -> String? {
    let text = String(decoding: record, as: UTF8.self)
    switch record.first {
    case UInt8(ascii: "1"): return path(text, after: 8)
    case UInt8(ascii: "u"): return path(text, after: 10)
    case UInt8(ascii: "?"): return path(text, after: 1)
    default: return nil
    }
  }

  private mutating func takeHeader(_ text: String) {
    let words = text.split(separator: " ", maxSplits: 2).map(String.init)
    guard words.count == 3 else { return }
    switch words[1] {
    case "branch.oid": status.commit = words[2] == "(initial)" ? nil : words[2]
    case "branch.head": status.branch = words[2] == "(detached)" ? nil : words[2]
    default: break
    }
  }

  private mutating func note(_ text: String, fieldsBeforePath count: Int) {
    status.changeCount += 1
    let path = Self.path(text, after: count)
    keep(path)
    // `N...` is no submodule; `S` and three letters say what is new in one.
    let fields = text.split(separator: " ", maxSplits: 3)
    guard fields.count > 2, fields[2].hasPrefix("S") else { return }
    if status.changedSubmodules.count < GitStatus.pathLimit { status.changedSubmodules.append(path) }
    // `S`, `C` for another commit, `M` for changed files, `U` for untracked ones.
    if fields[2].dropFirst(2).first == "M" { status.editedSubmodules.append(path) }
  }

  private mutating func keep(_ path: String) {
    if status.changedPaths.count < GitStatus.pathLimit { status.changedPaths.append(path) }
  }

  private static func path(_ text: String, after count: Int) -> String {
    let fields = text.split(separator: " ", maxSplits: count, omittingEmptySubsequences: false)
    return fields.count > count ? String(fields[count]) : ""
  }
}
