internal import Glibc
package import RecoverBase

/// What a live tree has and a restore does not bring, also inside of directories that both have; changes nothing.
package struct TreeRemainder: ~Copyable {
  /// What a walk comes by, in the order of the file system.
  enum Event {
    /// A directory, before what is in it; whether the restore brings it too.
    case enter(isRestored: Bool)
    /// Something else that the restore does not bring, in an open directory.
    case entry(name: [UInt8], in: Int32)
    /// A directory, behind what is in it.
    case leave(isRestored: Bool)
  }

  let live: TreeRoot
  let names: RestoredNames
  private let isOurs: ([UInt8]) -> Bool

  /// - Parameters:
  ///   - path: the root of the live tree; paths in it are those of the restore.
  ///   - isOurs: whether a name in the root itself is passed over.
  package init(
    _ path: String, beside names: RestoredNames, isOurs: @escaping ([UInt8]) -> Bool = { _ in false }
  ) throws {
    live = try TreeRoot(path)
    self.names = names
    self.isOurs = isOurs
  }

  /// Walks through a directory that both have.
  ///
  /// - Parameter allowsChange: whether what vanishes meanwhile is passed over: services may still run.
  /// - Throws: ``RecoverError`` `missingRequirement` where the restore brings something else in the place of a directory,
  ///   or something is mounted; else `busy` for what vanishes meanwhile.
  func walk(
    _ path: TreePath, allowsChange: Bool = false, _ interruption: Interruption,
    visit: (TreePath, FileStatus, Event) throws -> Void
  ) throws {
    guard let directory = live.open(path), let status = FileStatus(directory.descriptor) else { throw gone(path) }
    try walk(path, directory, status, isRestored: true, allowsChange, interruption, visit)
  }

  private func walk(
    _ path: TreePath, _ directory: borrowing TreeDirectory, _ status: FileStatus, isRestored: Bool,
    _ allowsChange: Bool, _ interruption: Interruption, _ visit: (TreePath, FileStatus, Event) throws -> Void
  ) throws {
    try interruption.check()
    try visit(path, status, .enter(isRestored: isRestored))
    guard var stream = DirectoryStream(directory.descriptor) else {
      throw RecoverError.system(.unreachable, "can't read \(text(path))")
    }
    while let name = try stream.next() {
      if path.isRoot, isOurs(name) { continue }
      let child = TreePath(parts: path.parts + [name])
      guard let found = FileStatus(directory.descriptor, name) else {
        if allowsChange, errno == ENOENT { continue }
        throw gone(child)
      }
      guard found.device == live.device else {
        throw RecoverError(
          .missingRequirement, "\(text(child)) is on another file system, and can't stay in what is replaced",
          hint: "unmount it first")
      }
      let kind = isRestored ? names.kind(of: child) : nil
      switch (kind, found.isDirectory) {
      case (.other, true): throw conflict(child)
      case (.directory, false) where found.kind == .symbolicLink: throw linkInTheWay(child)
      case (.other, false), (.directory, false): continue
      case (nil, false): try visit(child, found, .entry(name: name, in: directory.descriptor))
      case (_, true):
        guard let below = live.open(child) else {
          if allowsChange, errno == ENOENT || errno == ENOTDIR { continue }
          throw gone(child)
        }
        try walk(child, below, found, isRestored: kind == .directory, allowsChange, interruption, visit)
      }
    }
    try visit(path, status, .leave(isRestored: isRestored))
  }

  func text(_ path: TreePath) -> String { path.isRoot ? live.path : "\(live.path)/\(path)" }

  private func gone(_ path: TreePath) -> RecoverError {
    errno == EACCES || errno == EPERM
      ? RecoverError.system(.missingRequirement, "can't look at \(text(path))", hint: "run it as root")
      : RecoverError(
        .busy, "\(text(path)) vanished while it was looked at",
        hint: "stop what removes it: a service can be named in the policy's tree, and is stopped meanwhile")
  }

  private func linkInTheWay(_ path: TreePath) -> RecoverError {
    RecoverError(
      .missingRequirement,
      "\(text(path)) is a symbolic link, and the archive has a directory of that name: what the link leads to would no "
        + "longer be there",
      hint: "leave that name out with --exclude, remove the link, or restore without --overlay")
  }

  private func conflict(_ path: TreePath) -> RecoverError {
    RecoverError(
      .missingRequirement,
      "\(text(path)) is a directory, and the archive has something else of that name: what is in it can't stay",
      hint: "leave that name out with --exclude, move the directory away, or restore without --overlay")
  }
}

/// How a tree was when it was looked at: which files there were, and when each was changed last.
package struct TreeFingerprint: Sendable, Hashable, Codable {
  package private(set) var count: Int64 = 0
  private var sum: Int64 = 0

  package init() {}

  /// - Parameter isTop: whether it is what the exchange renames, which changes the time of its last change of status.
  mutating func add(_ path: TreePath, _ status: FileStatus, isTop: Bool) {
    let time = isTop ? status.modified : status.changed
    let numbers = [
      Int64(bitPattern: status.inode), time.seconds, Int64(time.nanoseconds), status.size,
      Int64(bitPattern: status.links),
    ]
    let bytes =
      path.bytes + [0] + numbers.flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: number >> ($0 * 8)) } }
    let hash = Digest(of: bytes).bytes.prefix(8).reduce(Int64(0)) { $0 << 8 | Int64($1) }
    count += 1
    sum &+= hash
  }
}

extension TreeRemainder {
  /// What stays, counted before it is copied.
  package struct Size: Sendable, Hashable, Codable {
    package var files: Int64 = 0
    package var directories: Int64 = 0
    /// Links, devices and fifos.
    package var others: Int64 = 0
    /// What the copies take on the disk.
    package var bytes: Int64 = 0
    /// Sockets, which are not copied: whoever listens makes them.
    package var sockets: Int64 = 0
    /// The first paths at which something stays.
    package var examples: [String] = []
  }

  private static var exampleLimit: Int { 10 }

  /// Counts what stays in directories that both have, about, since services may still run.
  package func size(_ tops: [TreePath], _ interruption: Interruption) throws -> Size {
    var size = Size()
    for top in tops {
      try walk(top, allowsChange: true, interruption) { path, status, event in
        switch event {
        case .enter(isRestored: false):
          size.directories += 1
          size.bytes += 4096
        case .entry:
          switch status.kind {
          case .file: size.files += 1
          case .socket: size.sockets += 1
          default: size.others += 1
          }
          size.bytes += Int64(status.blocks) * 512
        case .enter, .leave: return
        }
        if size.examples.count < Self.exampleLimit, names.kind(of: path.parent) == .directory {
          size.examples.append(path.description)
        }
      }
    }
    return size
  }

  /// How what stays in a directory that both have is now, and the directories that it is in; the same before and after
  /// the exchange.
  ///
  /// - Parameter since: seconds since 1970.
  /// - Returns: also what was changed since then: the first paths.
  package func fingerprint(
    _ top: TreePath, since: Int64 = .max, _ interruption: Interruption
  ) throws -> (fingerprint: TreeFingerprint, changed: [String]) {
    var fingerprint = TreeFingerprint()
    var changed: [String] = []
    try walk(top, interruption) { path, status, event in
      if case .leave = event { return }
      let isTop = path == top
      fingerprint.add(path, status, isTop: isTop)
      let time = isTop ? status.modified : status.changed
      if time.seconds >= since, changed.count < Self.exampleLimit { changed.append(text(path)) }
    }
    return (fingerprint, changed)
  }
}
