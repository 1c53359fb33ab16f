internal import CLinux
internal import Glibc
internal import RecoverBase

/// Two entries of one file system trade places: a restored tree gets the live name, and what had it gets the other one.
///
/// One renameat2(2) where the file system can (`RENAME_EXCHANGE`): at every moment the live name is there, and is one
/// of the two. Else two renames over a third name, of which a crash may leave the first alone; ``probe()`` tells, and
/// ``perform(_:)`` or ``undo`` go on from there. The inodes say which is which, whatever the names are by then.
package struct TreeExchange: Sendable, Hashable, Codable {
  /// How the names are exchanged.
  package enum Method: String, Sendable, Hashable, Codable {
    case atomic
    /// The live one goes to ``aside``, the entering one gets its name, the live one gets the entering one's.
    case renames
  }

  /// What a name stood for before the exchange.
  package struct Identity: Sendable, Hashable, Codable {
    package var device: UInt64
    package var inode: UInt64
    /// When it was made, in nanoseconds, since numbers of inodes are given again; 0 where the file system does not say.
    package var born: Int64
  }

  /// Where the exchange stands.
  package enum State: Sendable, Hashable {
    case notExchanged
    /// Of two renames: the live name is free, the entering one has its own.
    case movedAside
    /// Of three renames: the entering one is live, and the one of before is still aside.
    case entered
    case exchanged
    /// Something is not where any crash would have left it.
    case unknown(String)
  }

  /// Points at which a crash leaves something to go on from.
  package enum Point: String, Sendable, CaseIterable {
    case movedAside = "moved-aside"
    case entered
    case exchanged
  }

  /// Absolute paths.
  package var live: String
  package var entering: String
  package var method: Method
  package var liveIdentity: Identity
  package var enteringIdentity: Identity

  /// The third name of ``Method/renames``.
  package var aside: String { entering + Self.asideSuffix }
  private static let asideSuffix = ".aside"

  /// Refuses a name that leaves no room for the third one, where that is needed.
  ///
  /// - Throws: ``RecoverError`` `missingRequirement`.
  static func requireRoom(for name: some StringProtocol, _ method: Method) throws {
    // NAME_MAX of limits.h.
    guard method == .renames, name.utf8.count + asideSuffix.utf8.count > 255 else { return }
    throw RecoverError(
      .missingRequirement, "the name \(name) is too long to be exchanged here, where that takes a third name",
      hint: "shorten it")
  }

  /// Looks at both, and at what the file system can; changes nothing that lasts.
  ///
  /// - Throws: ``RecoverError`` `missingRequirement` where they can't trade places at all: another file system, a mount
  ///   point, no right to.
  package init(live: String, entering: String) throws {
    guard let liveIdentity = try Self.identity(live), let enteringIdentity = try Self.identity(entering) else {
      throw RecoverError(.drifted, "\(live) or \(entering) is not there")
    }
    guard liveIdentity.device == enteringIdentity.device else { throw Self.otherFileSystem(live, entering) }
    for path in [live, entering] { try Self.refuseMountPoint(path) }
    self.live = live
    self.entering = entering
    self.liveIdentity = liveIdentity
    self.enteringIdentity = enteringIdentity
    method = try Self.method(in: Self.parent(entering))
    try Self.requireRoom(for: entering.split(separator: "/").last ?? "", method)
  }

  /// One that was looked at before.
  init(live: String, entering: String, method: Method, liveIdentity: Identity, enteringIdentity: Identity) {
    self.live = live
    self.entering = entering
    self.method = method
    self.liveIdentity = liveIdentity
    self.enteringIdentity = enteringIdentity
  }

  static func otherFileSystem(_ live: String, _ entering: String) -> RecoverError {
    RecoverError(
      .missingRequirement, "\(live) and \(entering) are on two file systems: they can't trade places",
      hint: "a mount point can't be exchanged; name what is in it")
  }

  /// - Throws: ``RecoverError`` `missingRequirement`.
  package static func refuseMountPoint(_ path: String) throws {
    guard try isMountPoint(path) else { return }
    throw RecoverError(
      .missingRequirement, "\(path) is a mount point, which can't trade places",
      hint: "unmount it, or name what is in it")
  }

  /// Tries the exchange on two empty directories beside the entering one.
  package static func method(in parent: String) throws -> Method {
    let names = (1...2).map { "\(parent)/.recover-probe-\(UInt64.random(in: 0...UInt64.max))-\($0)" }
    defer { for name in names { unsafe rmdir(name) } }
    for name in names {
      guard unsafe mkdir(name, 0o700) == 0 else {
        throw RecoverError.system(.missingRequirement, "can't make a directory in \(parent)")
      }
    }
    return exchange(names[0], names[1]) ? .atomic : .renames
  }

  private static func exchange(_ first: String, _ second: String) -> Bool {
    // RENAME_EXCHANGE (linux/fs.h).
    unsafe recover_renameat2(AT_FDCWD, first, AT_FDCWD, second, 2) == 0
  }

  private static func parent(_ path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Whether another mount is seen at the path than at its parent, bind mounts included.
  package static func isMountPoint(_ path: String) throws -> Bool {
    var (here, above) = (UInt64(0), UInt64(0))
    guard unsafe recover_mount_id(path, &here) == 0, unsafe recover_mount_id(parent(path), &above) == 0 else {
      throw RecoverError.system(.unreachable, "can't look at \(path)")
    }
    return here != above
  }

  /// Nil where nothing has the name; links are not followed.
  package static func identity(_ path: String) throws -> Identity? {
    if let status = FileStatus(AT_FDCWD, Array(path.utf8)) {
      var born: Int64 = 0
      _ = unsafe recover_birth(path, &born)
      return Identity(device: status.device, inode: status.inode, born: born)
    }
    guard errno == ENOENT else { throw RecoverError.system(.unreachable, "can't look at \(path)") }
    return nil
  }

  // MARK: State

  /// Asks the file system how far an exchange came.
  package func probe() throws -> State {
    // Only renames need the third name, for which a long name has no room.
    let third = method == .atomic ? nil : try Self.identity(aside)
    return switch (try Self.identity(live), try Self.identity(entering), third) {
    case (liveIdentity, enteringIdentity, nil): .notExchanged
    case (enteringIdentity, liveIdentity, nil): .exchanged
    case (nil, enteringIdentity, liveIdentity): .movedAside
    case (enteringIdentity, nil, liveIdentity): .entered
    case (nil, _, _): .unknown("nothing has the name \(live)")
    default: .unknown("\(live), \(entering) or \(aside) is something else than before")
    }
  }

  /// Exchanges both, or goes on where a crash has stopped it; idempotent.
  ///
  /// On the disk when it returns.
  ///
  /// - Parameter reach: called at each point, right after it.
  /// - Throws: ``RecoverError`` `drifted` where something is not where it was; `stepFailed`.
  package func perform(reach: (Point) throws -> Void = { _ in }) throws {
    switch try probe() {
    case .exchanged: break
    case .notExchanged:
      guard method == .atomic else {
        try Self.rename(live, to: aside)
        try sync()
        try reach(.movedAside)
        try enter(reach)
        break
      }
      guard Self.exchange(live, entering) else {
        throw RecoverError.system(.stepFailed, "\(live) and \(entering) can't trade places")
      }
      try reach(.exchanged)
    case .movedAside: try enter(reach)
    case .entered: try settle(reach)
    case .unknown(let what): throw RecoverError(.drifted, what, hint: "look at \(Self.parent(live)) yourself")
    }
    try sync()
  }

  /// The exchange back: the same, with the names traded.
  package var back: TreeExchange {
    var back = self
    (back.liveIdentity, back.enteringIdentity) = (enteringIdentity, liveIdentity)
    return back
  }

  /// Takes an exchange back from wherever it stands; idempotent.
  package func undo(reach: (Point) throws -> Void = { _ in }) throws {
    switch try probe() {
    case .notExchanged: try sync()
    case .movedAside:
      try Self.rename(aside, to: live)
      try sync()
    case .entered:
      try Self.rename(live, to: entering)
      try sync()
      try Self.rename(aside, to: live)
      try sync()
    case .exchanged: try back.perform(reach: reach)
    case .unknown(let what):
      // A way back of two renames may itself have been stopped.
      guard case .unknown = try back.probe() else {
        try back.perform(reach: reach)
        return
      }
      throw RecoverError(.drifted, what, hint: "look at \(Self.parent(live)) yourself")
    }
  }

  private func enter(_ reach: (Point) throws -> Void) throws {
    try Self.rename(entering, to: live)
    try sync()
    try reach(.entered)
    try settle(reach)
  }

  private func settle(_ reach: (Point) throws -> Void) throws {
    try Self.rename(aside, to: entering)
    try reach(.exchanged)
  }

  /// Never over something else: what has the name by then is somebody's.
  package static func rename(_ old: String, to new: String) throws {
    var code = unsafe recover_renameat2(AT_FDCWD, old, AT_FDCWD, new, 1)
    if code != 0, errno == EINVAL {
      guard try identity(new) == nil else { throw RecoverError(.drifted, "\(new) is there by now") }
      code = unsafe Glibc.rename(old, new)
    }
    guard code == 0 else { throw RecoverError.system(.stepFailed, "can't give \(old) the name \(new)") }
  }

  /// Writes the directories of both to the disk.
  private func sync() throws { try Self.sync([Self.parent(live), Self.parent(entering)]) }

  /// Writes directories to the disk.
  package static func sync(_ directories: Set<String>) throws {
    for parent in directories {
      let descriptor = unsafe open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
      guard descriptor >= 0 else { throw RecoverError.system(.stepFailed, "can't open \(parent)") }
      defer { close(descriptor) }
      guard fsync(descriptor) == 0 else { throw RecoverError.system(.stepFailed, "can't write \(parent) to the disk") }
    }
  }
}
