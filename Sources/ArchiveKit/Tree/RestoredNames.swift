internal import RecoverBase

/// The paths that a restore brings, to tell what else a live tree has.
///
/// Memory holds eight bytes of each.
package struct RestoredNames: Sendable {
  enum Kind {
    case directory
    case other
  }

  private var directories: Set<Int> = []
  private var others: Set<Int> = []
  /// Directories of which the archive says nothing but that something is in them.
  private(set) var madeUp: Set<Int> = []
  private var lastParent: TreePath?

  package init() {}

  /// Takes up a member of the archive.
  package mutating func add(_ member: TarMember) {
    guard member.kind != .label, let path = try? TreePath(member.name) else { return }
    add(path, isDirectory: member.kind == .directory)
    guard !path.isRoot, path.parent != lastParent else { return }
    lastParent = path.parent
    var parent = path.parent
    while directories.insert(parent.hashValue).inserted, !parent.isRoot { parent = parent.parent }
  }

  /// The paths of an extraction.
  package init(of extraction: inout TreeExtraction) throws {
    let queue = try extraction.members.queue()
    while let records = try queue.next() {
      for record in records { add(record.path, isDirectory: false) }
    }
    try extraction.directories.flush()
    var madeUp: Set<Int> = []
    var directories: Set<Int> = []
    try extraction.directories.forEach { record in
      directories.insert(record.path.hashValue)
      if record.isMadeUp { madeUp.insert(record.path.hashValue) }
    }
    self.directories = directories
    self.madeUp = madeUp
  }

  private mutating func add(_ path: TreePath, isDirectory: Bool) {
    if isDirectory { directories.insert(path.hashValue) } else { others.insert(path.hashValue) }
  }

  func kind(of path: TreePath) -> Kind? {
    let hash = path.hashValue
    return others.contains(hash) ? .other : directories.contains(hash) ? .directory : nil
  }
}
