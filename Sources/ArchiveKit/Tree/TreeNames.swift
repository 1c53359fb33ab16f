internal import RecoverBase

/// The paths that an archive has named so far: what a restore would refuse for its names is refused before anything is
/// made.
///
/// A path that is there twice, a file that later is a directory, a link or a file in the path of a later member, a hard
/// link to what was not there before, a name that leads out of the tree: programs differ in what they make of these, and
/// attacks live there. Only directories may come again. Memory holds eight bytes of each name.
package struct TreeNames {
  /// Those that were named, and those that others are in.
  private var directories: Set<Int> = []
  private var others: Set<Int> = []
  /// The directory that the last member was in, which need not be looked at again.
  private var lastParent: TreePath?

  package init() {}

  /// Takes up the next member.
  ///
  /// - Returns: where it would be made; nil for what makes nothing.
  /// - Throws: ``RecoverError`` `backupRefused` with the member and the byte.
  @discardableResult
  package mutating func add(_ member: TarMember) throws -> TreePath? {
    if member.kind == .label { return nil }
    let path = try TreeExtractor.path(member.name, of: member)
    guard !path.isRoot else {
      guard member.kind == .directory else {
        throw TreeExtractor.refusal(member, "it would replace the root of the tree")
      }
      return path
    }
    try enter(path.parent, member)
    let hash = path.hashValue
    guard member.kind != .directory else {
      if others.contains(hash) { throw Self.inTheWay(of: member, path) }
      directories.insert(hash)
      return path
    }
    guard !directories.contains(hash) else {
      throw TreeExtractor.refusal(member, "the archive has a directory of that name")
    }
    try checkTarget(of: member)
    guard others.insert(hash).inserted else {
      throw TreeExtractor.refusal(member, "the name is there already: the archive has it twice")
    }
    return path
  }

  /// Every part of the way must be a directory.
  private mutating func enter(_ parent: TreePath, _ member: TarMember) throws {
    if parent == lastParent { return }
    var path = parent
    while !path.isRoot {
      if others.contains(path.hashValue) { throw Self.inTheWay(of: member, path) }
      if !directories.insert(path.hashValue).inserted, path != parent { break }
      path = path.parent
    }
    lastParent = parent
  }

  private func checkTarget(of member: TarMember) throws {
    switch member.kind {
    case .hardLink(let target):
      let path = try TreeExtractor.path(target, of: member)
      guard others.contains(path.hashValue) else {
        throw TreeExtractor.refusal(member, "it is a link to \(path), which the archive has not made before")
      }
    case .symbolicLink(let target):
      // PATH_MAX, with the byte at its end.
      guard (1..<4096).contains(target.bytes.count) else {
        throw TreeExtractor.refusal(member, "what it points to is empty, or longer than Linux allows")
      }
    case .file, .directory, .characterDevice, .blockDevice, .fifo, .label: break
    }
  }

  private static func inTheWay(of member: TarMember, _ path: TreePath) -> RecoverError {
    TreeExtractor.refusal(member, "\(path) is no directory, but a link or a file of the archive")
  }
}
