internal import ArchiveKit
internal import Glibc
internal import HostKit
internal import RecoverBase

/// Whether an archive is whole and can be restored here, and what that changes; asked before anything stops.
struct FilesInspection: Sendable {
  let work: FilesWork
  /// Whether the target's lock is ours already.
  let holdsLock: Bool
  /// Of the run, in the state directory; may not be there yet.
  let runDirectory: String

  /// More names at the top of an archive are not exchanged one by one: the journal holds them, and so does the plan.
  private static let entryLimit = 200
  private static let nameBytesLimit = 12 << 10
  private static let untouchedShown = 20
  /// What belongs to the file system, not to whoever uses it.
  private static let ofFileSystem = "lost+found"

  /// Reads all of the archive once; blocking.
  ///
  /// - Throws: ``RecoverError`` `backupRefused`, `missingRequirement` with what is in the way, `noSpace`, `claimed`,
  ///   `drifted`.
  func examine(_ interruption: Interruption, progress: (Int64) -> Void) throws -> FilesReport {
    try work.checkHome()
    try work.refuseOtherRuns()
    if !holdsLock { try TreeLock.requireFree(work.bindings.home) }
    let file = try work.archive()
    var tops = ArchiveTops(limit: Self.entryLimit)
    var needs = TreeNeeds(work.bindings.extraction)
    var names = RestoredNames()
    let survey = try TarSurvey(
      file, budget: work.bindings.budget, hashesFiles: false, interruption, progress: progress,
      visit: { member, _ in
        try tops.add(member)
        needs.add(member)
        if work.overlays { names.add(member) }
      })
    try ArchiveChoice.require(try ArchiveChoice(file.path).expected, survey.sha256, of: file.path)
    guard survey.memberCount > 0 else {
      throw RecoverError(
        .backupRefused, "\(file.path) is empty: it would replace nothing, or everything by nothing",
        hint: "use another archive")
    }
    let entries = try entries(tops)
    try refuseVanishing(entries, survey.leftOut)
    try refuse(entries, tops)
    let kept = try work.overlays ? self.kept(beside: names, entries, interruption) : nil
    let method = try tryPlace(&needs, kept)
    let untouched = try untouched(entries)
    return FilesReport(
      sha256: survey.sha256, form: file.form, files: survey.files, directories: survey.directories,
      links: survey.symbolicLinks + survey.hardLinks, others: survey.devices + survey.fifos,
      leftOutCount: survey.leftOut.isEmpty ? nil : survey.leftOut.members.count,
      leftOut: survey.leftOut.isEmpty ? nil : survey.leftOut.members.text, contentBytes: survey.contentBytes,
      kept: kept,
      neededBytes: needs.bytes, freeBytes: needs.room?.bytes ?? 0, entries: entries,
      untouchedCount: untouched.count, untouched: untouched.first, method: method,
      losses: FilesReport.Loss.all(of: needs.report), notes: try notes(survey, entries))
  }

  // MARK: What changes

  private func entries(_ tops: ArchiveTops) throws -> [FilesReport.Entry] {
    let bindings = work.bindings
    if bindings.scope == .whole {
      try refuseNesting(tops)
      let all = tops.whole
      return [try entry(bindings.name, all.files, all.bytes, entering: .directory)]
    }
    guard !tops.isOverLimit else { throw tooMany("more than \(Self.entryLimit)") }
    var entries = try tops.names.sorted { $0.key.bytes.lexicographicallyPrecedes($1.key.bytes) }.map { name, top in
      guard let text = name.text else {
        throw RecoverError(
          .missingRequirement, "the archive has \(name) at its top, which is no UTF-8: it can't be exchanged by itself",
          hint: "restore to a new directory, or with --mirror")
      }
      guard !TreeKeep.isOurs(name.bytes) else {
        throw RecoverError(
          .backupRefused, "the archive has \(text) at its top, which is a name of recover's own",
          hint: "restore to a new directory with --to")
      }
      return try entry(text, top.files, top.bytes, entering: top.kind)
    }
    if bindings.scope == .contents {
      let known = Set(entries.map(\.name))
      try forEachLive { found in
        guard let name = found.text else {
          throw RecoverError(
            .missingRequirement, "\(bindings.home)/\(found) is no UTF-8: it can't be exchanged by itself",
            hint: "rename or remove it yourself")
        }
        guard !known.contains(name), name != Self.ofFileSystem else { return }
        guard entries.count <= Self.entryLimit else {
          throw tooMany("together with what is there more than \(Self.entryLimit)")
        }
        entries.append(try entry(name, 0, 0, entering: nil))
      }
    }
    guard entries.reduce(0, { $0 + $1.name.utf8.count }) <= Self.nameBytesLimit else {
      throw tooMany("more than \(Self.nameBytesLimit) bytes of")
    }
    return entries
  }

  private func tooMany(_ count: String) -> RecoverError {
    RecoverError(
      .missingRequirement, "the archive has \(count) names at its top: so many are not exchanged one by one",
      hint: work.bindings.scope == .contents
        ? "restore to a new directory" : "--mirror replaces \(work.bindings.target) as a whole")
  }

  private func entry(_ name: String, _ files: Int64, _ bytes: Int64, entering: FileKind?) throws -> FilesReport.Entry {
    let live = try FileKind.at("\(work.bindings.home)/\(name)")
    return FilesReport.Entry(
      name: name, fate: live == nil ? .new : entering == nil ? .removed : .replaced, live: live?.text,
      entering: entering?.text, files: files, bytes: bytes)
  }

  /// A tree that is named and an archive of the directory itself: `data/data` is hardly what was meant.
  private func refuseNesting(_ tops: ArchiveTops) throws {
    let (name, target) = (work.bindings.name, work.bindings.target)
    guard tops.names.count == 1, let only = tops.names.first, only.key.text == name, only.value.kind == .directory,
      try FileKind.at("\(target)/\(name)") == nil
    else { return }
    throw RecoverError(
      .missingRequirement,
      "all that the archive holds is in \(name)/, so that \(target) would become \(target)/\(name): that is hardly meant",
      hint: "restore it into \(FilesPlace.parent(of: target)) with --to, which replaces \(name) alone")
  }

  // MARK: What is in the way

  /// What somebody left out of the archive is hardly meant to vanish from the live directory with the exchange.
  private func refuseVanishing(_ entries: [FilesReport.Entry], _ leftOut: TarLeftOut) throws {
    guard !leftOut.isEmpty, work.bindings.mirrors != true, !work.overlays else { return }
    let torn = entries.first { entry in
      switch work.bindings.scope {
      case .entries:
        entry.live == "directory" && entry.entering == "directory" && leftOut.touches(TarName(Array(entry.name.utf8)))
      case .whole, .contents: entry.live != nil
      }
    }
    guard let torn else { return }
    let path =
      work.bindings.scope == .entries
      ? "\(work.bindings.home)/\(torn.name)".replacing("//", with: "/")
      : work.bindings.target
    throw RecoverError(
      .missingRequirement,
      "\(path) is replaced as a whole, but parts of it are left out of the archive (\(leftOut.members.text)): whatever "
        + "\(path) has of these, and all that the archive lacks, would vanish",
      hint: "--overlay keeps what is there and not taken; --mirror says that it may vanish")
  }

  private func refuse(_ entries: [FilesReport.Entry], _ tops: ArchiveTops) throws {
    let home = work.bindings.home
    let state = FilesPlace.resolvedAsFarAsThere(runDirectory)
    for entry in entries where entry.live != nil {
      let path = home == "/" ? "/\(entry.name)" : "\(home)/\(entry.name)"
      guard try !TreeExchange.isMountPoint(path) else {
        throw RecoverError(
          .missingRequirement, "\(path) is a mount point, which can't trade places",
          hint: "restore into it with --to \(path), where each name in it trades places, or unmount it")
      }
      if let below = MountTable.points(below: path).first {
        throw RecoverError(
          .missingRequirement, "\(below) is a mount point: it would leave together with \(path)",
          hint: "unmount it first, or restore into a directory that has no mounts in it")
      }
      guard !FilesPlace.isInside(state, path) else {
        throw RecoverError(
          .missingRequirement, "the state directory is in \(path), which would leave with the run's own journal in it",
          hint: "name one outside of it with --state")
      }
      guard entry.live != "link" || entry.entering != "directory" else { throw linkInTheWay(path, entry.name) }
      if geteuid() != 0, entry.live == "directory", unsafe faccessat(AT_FDCWD, path, W_OK, 0) != 0 {
        throw RecoverError(
          .missingRequirement, "\(path) can't be moved by whoever may not write to it", hint: "run it as root")
      }
    }
  }

  private func linkInTheWay(_ path: String, _ name: String) -> RecoverError {
    let real = FilesPlace.resolved(path)
    let isNamesake = real.hasSuffix("/" + name)
    return RecoverError(
      .missingRequirement,
      "\(path) is a link to \(real), and the archive has a directory: the link would be replaced, and \(real) stay as "
        + "it is",
      hint: isNamesake
        ? "restore into \(FilesPlace.parent(of: real)) instead, or remove the link first"
        : "restore what is in it with --to \(real) --include '/\(name)/' --strip-components 1, or remove the link first"
    )
  }

  /// What stays in the directories that both have.
  private func kept(
    beside names: RestoredNames, _ entries: [FilesReport.Entry], _ interruption: Interruption
  ) throws -> TreeRemainder.Size {
    if let lost = entries.first(where: { $0.live == "directory" && $0.entering != "directory" }) {
      throw RecoverError(
        .missingRequirement,
        "\(work.bindings.home)/\(lost.name) is a directory, and the archive has something else of that name: what is in "
          + "it can't stay", hint: "leave that name out with --exclude, or restore without --overlay")
    }
    return try work.remainder(beside: names).size(work.merged(entries).map(\.top), interruption)
  }

  /// Tries in a directory that is made for it and removed at once what the file system can, and whether there is room.
  private func tryPlace(
    _ needs: inout TreeNeeds, _ kept: TreeRemainder.Size?
  ) throws -> TreeExchange.Method {
    // Their names begin as those of all that is recover's own.
    let name = "\(work.bindings.home)/recover-probe"
    _ = try StagingDirectory.removeAbandoned(beside: name)
    let place = try StagingDirectory(beside: name)
    do {
      try needs.check(place)
      if let kept, let room = needs.room, needs.bytes + kept.bytes > room.bytes, try !place.sharesBlocks() {
        throw RecoverError(
          .noSpace,
          "the files take \(ByteCount(needs.bytes)), what stays \(ByteCount(kept.bytes)), and "
            + "\(ByteCount(room.bytes)) are free at \(work.bindings.home)", hint: "make room")
      }
      let method = try TreeExchange.method(in: place.path)
      try place.remove()
      return method
    } catch {
      // What made it fail is what is said.
      try? place.remove()
      throw error
    }
  }

  // MARK: What stays

  private func untouched(_ entries: [FilesReport.Entry]) throws -> (count: Int64, first: [String]) {
    guard work.bindings.scope == .entries else { return (0, []) }
    let changed = Set(entries.map(\.name))
    var (count, first): (Int64, [String]) = (0, [])
    try forEachLive { name in
      if let text = name.text, changed.contains(text) { return }
      count += 1
      if first.count < Self.untouchedShown { first.append(name.description) }
    }
    return (count, first.sorted())
  }

  /// What is in the home and not recover's own.
  private func forEachLive(_ body: (TarName) throws -> Void) throws {
    try DirectoryNames.forEach(in: work.bindings.home) { name in
      if !TreeKeep.isOurs(name.bytes) { try body(name) }
    }
  }

  private func isArchive(in entry: FilesReport.Entry) -> Bool {
    FilesPlace.isInside(FilesPlace.resolved(work.bindings.backup.path), "\(work.bindings.home)/\(entry.name)")
  }

  private func notes(_ survey: TarSurvey, _ entries: [FilesReport.Entry]) throws -> [String] {
    var notes: [String] = []
    if survey.ending == .oneBlock { notes.append("the archive ends in one block of zeros instead of two; it is whole") }
    if !survey.leftOut.isEmpty, work.bindings.mirrors == true {
      notes.append(
        "what is left out of the archive will not be in \(work.bindings.target) any more: --mirror was asked for")
    }
    if let name = entries.first(where: { $0.live != nil && isArchive(in: $0) })?.name {
      notes.append("the archive itself is in \(name), and leaves with it: it is then in the directory that is kept")
    }
    let kept = TreeKeep.all(in: work.bindings.target).filter { $0.note.role != .open }
    if work.bindings.scope == .whole, !kept.isEmpty {
      notes.append("\(kept.count) kept trees of earlier runs are in \(work.bindings.target), and leave with it")
    }
    return try notes + FilesHolders(entries.filter { $0.live != nil }.map(\.name), work).notes()
  }
}

/// What stands at the top of an archive: names, kinds, and how much is in them.
struct ArchiveTops {
  struct Top {
    var kind: FileKind
    var files: Int64 = 0
    var bytes: Int64 = 0
  }

  private let limit: Int
  private(set) var names: [TarName: Top] = [:]
  private(set) var whole = Top(kind: .directory)
  private(set) var isOverLimit = false

  init(limit: Int) { self.limit = limit }

  mutating func add(_ member: TarMember) throws {
    guard member.kind != .label, let path = try? TreePath(member.name) else { return }
    let files: Int64 = member.kind == .directory ? 0 : 1
    whole.files += files
    whole.bytes += member.size
    guard let first = path.parts.first else { return }
    let name = TarName(first)
    if names[name] == nil, names.count >= limit {
      isOverLimit = true
      return
    }
    let kind = path.parts.count > 1 ? .directory : Self.kind(member)
    names[name, default: Top(kind: kind)].files += files
    names[name]?.bytes += member.size
  }

  private static func kind(_ member: TarMember) -> FileKind {
    switch member.kind {
    case .file, .hardLink: .file
    case .directory, .label: .directory
    case .symbolicLink: .symbolicLink
    case .characterDevice: .characterDevice
    case .blockDevice: .blockDevice
    case .fifo: .fifo
    }
  }
}
