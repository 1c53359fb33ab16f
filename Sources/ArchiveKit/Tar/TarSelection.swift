internal import RecoverBase

/// Which members of an archive are taken, and what of their names is cut off.
///
/// Patterns are those of a `.recoverignore` (``IgnorePattern``), meant from the archive's top and for the names that it
/// has, before anything is cut off. One that is meant for a directory is meant for all that is in it.
package struct TarSelection: Sendable, Hashable, Codable {
  /// What is taken; everything where there are none.
  package let includes: [String]
  /// What of that is left out again.
  package let excludes: [String]
  /// So many directories are cut off the front of each name.
  package let strippedComponents: Int

  /// - Returns: nil where everything is taken as it is.
  /// - Throws: ``RecoverError`` `usage` for what is no pattern.
  package init?(includes: [String], excludes: [String], strippedComponents: Int = 0) throws {
    guard !includes.isEmpty || !excludes.isEmpty || strippedComponents != 0 else { return nil }
    guard (0...4096).contains(strippedComponents) else {
      throw RecoverError(.usage, "--strip-components takes a number from 0 on, not \(strippedComponents)")
    }
    self.includes = includes
    self.excludes = excludes
    self.strippedComponents = strippedComponents
    _ = try includes.map { try Self.pattern($0, "--include") } + excludes.map { try Self.pattern($0, "--exclude") }
  }

  /// A pattern as somebody types it, where the archive's top is `.`.
  static func pattern(_ text: String, _ option: String) throws -> IgnorePattern {
    var bytes = Array(text.utf8)[...]
    while bytes.starts(with: Array("./".utf8)) { bytes = bytes.dropFirst(2) }
    guard let pattern = IgnorePattern(Array(bytes)) else {
      throw RecoverError(
        .usage, "\(option) '\(text)' is no pattern", hint: "such as data, /data/cache/ or '*.log'; \\# is a # in front")
    }
    guard !pattern.isNegated else {
      throw RecoverError(
        .usage, "\(option) '\(text)' takes something back, which only a line of a .recoverignore does",
        hint: "\\! is a ! in front of a name")
    }
    return pattern
  }
}

/// What a ``TarSelection`` left out of an archive.
package struct TarLeftOut: Sendable, Hashable {
  package fileprivate(set) var members = ExtractionReport.Losses()
  /// The names at the top, as they are restored, of which something was left out.
  private var tops: Set<TarName> = []
  private var isOverLimit = false

  /// More names are not told apart.
  private static let limit = 10_000

  package var isEmpty: Bool { members.count == 0 }

  /// Whether something was left out of what is restored with this name at the top.
  package func touches(_ top: TarName) -> Bool { isOverLimit || tops.contains(top) }

  fileprivate mutating func add(_ parts: [[UInt8]], stripping count: Int) {
    members.add(TreePath(parts: parts))
    guard parts.count > count else { return }
    if tops.count < Self.limit { tops.insert(TarName(parts[count])) } else { isOverLimit = true }
  }
}

/// Takes the members of an archive that a ``TarSelection`` means, one after the other.
///
/// A directory that is not meant itself waits until something in it is, so that it has its own owner and mode; one that
/// nothing is taken of is left out. What is cut off must be the same everywhere: then no two names become one.
struct TarPicker: Sendable {
  private struct Rule: Sendable {
    let option: String
    let text: String
    let pattern: IgnorePattern
    var hasHit = false

    /// Whether it is meant for a path, or for a directory on the way to it.
    func matches(_ parts: [ArraySlice<UInt8>], isDirectory: Bool) -> Bool {
      (1..<parts.count + 1).contains { count in
        pattern.matches(Array(parts.prefix(count)), isDirectory: count < parts.count || isDirectory)
      }
    }
  }

  private enum Verdict {
    case taken
    case notIncluded
    case excluded
  }

  private var includes: [Rule]
  private var excludes: [Rule]
  private let stripped: Int
  /// What is cut off, as far as it is known.
  private var way: [[UInt8]] = []
  /// Directories that lead to what may still be taken, from the top down.
  private var waiting: [(parts: [[UInt8]], member: TarMember)] = []
  /// To be given out, in this order.
  private var ready: ArraySlice<TarMember> = []
  private var takesAny = false
  private(set) var leftOut = TarLeftOut()

  init(_ selection: TarSelection) throws {
    includes = try selection.includes.map {
      Rule(option: "--include", text: $0, pattern: try TarSelection.pattern($0, "--include"))
    }
    excludes = try selection.excludes.map {
      Rule(option: "--exclude", text: $0, pattern: try TarSelection.pattern($0, "--exclude"))
    }
    stripped = selection.strippedComponents
  }

  mutating func next() -> TarMember? { ready.popFirst() }

  /// Takes up the next member of the archive; ``next()`` gives out what comes of it.
  ///
  /// - Throws: ``RecoverError`` `usage` where what is taken can't be restored without what is not.
  mutating func add(_ member: TarMember) throws {
    if member.kind == .label { return ready.append(member) }
    let parts = Self.parts(member.name)
    forget { !parts.starts(with: $0) }
    switch judge(parts, isDirectory: member.kind == .directory) {
    case .taken:
      for (parts, directory) in waiting { try give(directory, parts) }
      waiting = []
      try checkTarget(of: member)
      try give(member, parts)
      takesAny = true
    case .notIncluded where member.kind == .directory: waiting.append((parts, member))
    case .notIncluded, .excluded: leftOut.add(parts, stripping: stripped)
    }
  }

  /// The archive has no more members.
  ///
  /// - Throws: ``RecoverError`` `usage` for a pattern that was meant for none, and where nothing was taken.
  mutating func finish(_ archive: String) throws {
    forget { _ in true }
    if let rule = (includes + excludes).first(where: { !$0.hasHit }) {
      throw RecoverError(
        .usage, "nothing in \(archive) matches \(rule.option) '\(rule.text)'",
        hint: "recover files --list shows the names; a pattern with a slash in it begins at the archive's top")
    }
    guard takesAny else {
      throw RecoverError(
        .usage, "nothing of \(archive) is left to be taken", hint: "recover files --list shows the names")
    }
  }

  // MARK: What is taken

  /// Names are compared as the parts that a restore makes of them.
  private static func parts(_ name: TarName) -> [[UInt8]] {
    name.bytes.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual([UInt8(ascii: ".")]) }.map(Array.init)
  }

  private mutating func judge(_ parts: [[UInt8]], isDirectory: Bool) -> Verdict {
    let slices = parts.map { $0[...] }
    var (isIncluded, isExcluded) = (includes.isEmpty, false)
    for index in includes.indices where includes[index].matches(slices, isDirectory: isDirectory) {
      includes[index].hasHit = true
      isIncluded = true
    }
    for index in excludes.indices where excludes[index].matches(slices, isDirectory: isDirectory) {
      excludes[index].hasHit = true
      isExcluded = true
    }
    return isExcluded ? .excluded : isIncluded ? .taken : .notIncluded
  }

  private mutating func forget(where isOver: ([[UInt8]]) -> Bool) {
    while let last = waiting.last, isOver(last.parts) {
      leftOut.add(last.parts, stripping: stripped)
      waiting.removeLast()
    }
  }

  /// A link has the content of the file that it is a link to.
  private func checkTarget(of member: TarMember) throws {
    guard case .hardLink(let target) = member.kind else { return }
    var other = self
    guard case .taken = other.judge(Self.parts(target), isDirectory: false) else {
      throw RecoverError(
        .usage, "\(member.name) is a hard link to \(target), which is left out: its content stands there",
        hint: "take both, or leave out both")
    }
  }

  // MARK: What is cut off

  private mutating func give(_ member: TarMember, _ parts: [[UInt8]]) throws {
    guard stripped > 0, (try? TreePath(member.name)) != nil else { return ready.append(member) }
    let common = min(stripped, parts.count)
    guard zip(way, parts.prefix(common)).allSatisfy({ $0 == $1 }) else {
      let (one, other) = (TreePath(parts: way), TreePath(parts: Array(parts.prefix(stripped))))
      throw RecoverError(
        .usage,
        "--strip-components \(stripped) would make one directory of \(one) and \(other): names in them may collide",
        hint: "take one of them with --include '/\(one)/', or cut off less")
    }
    if common > way.count { way = Array(parts.prefix(common)) }
    guard parts.count > stripped || member.kind == .directory else {
      throw RecoverError(
        .usage, "--strip-components \(stripped) leaves nothing of the name \(member.name)",
        hint: "leave it out with --exclude '/\(TreePath(parts: parts))', or cut off less")
    }
    // What leads to the new top is not there any more.
    guard parts.count >= stripped else { return }
    var member = member
    member.name = Self.name(parts.dropFirst(stripped))
    if case .hardLink(let target) = member.kind {
      member.kind = .hardLink(target: Self.name(Self.parts(target).dropFirst(stripped)))
    }
    ready.append(member)
  }

  private static func name(_ parts: ArraySlice<[UInt8]>) -> TarName {
    parts.isEmpty ? TarName([UInt8(ascii: ".")]) : TarName(Array(parts.joined(separator: [UInt8(ascii: "/")])))
  }
}

extension TarReader where Source: ~Copyable {
  /// Goes to the next member that is taken; what was not read of the last one is passed over.
  ///
  /// Every byte is read and every rule checked once this has returned nil, also of what is left out.
  ///
  /// - Returns: nil at the end of an archive that is whole.
  /// - Throws: ``RecoverError`` `backupRefused` with the place; `usage` where a selection does not fit; `interrupted`.
  package mutating func next() throws -> TarMember? {
    guard picker != nil else { return try nextEntry() }
    while true {
      if let member = picker?.next() { return member }
      guard let member = try nextEntry() else {
        try picker?.finish(name)
        return nil
      }
      try picker?.add(member)
    }
  }

  /// Has only the members taken that a selection means, from here on.
  mutating func select(_ selection: TarSelection?) throws { picker = try selection.map { try TarPicker($0) } }

  /// What the selection has left out so far.
  package var leftOut: TarLeftOut { picker?.leftOut ?? TarLeftOut() }
}
