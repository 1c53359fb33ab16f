/// A process that has something of a directory tree in its hands, or a mount that shows it elsewhere: after the tree has
/// traded places with another one, it still has the old one.
package struct TreeHolder: Sendable, Hashable, Codable {
  package enum Kind: String, Sendable, Hashable, Codable {
    case workingDirectory = "working-directory"
    case rootDirectory = "root-directory"
    case openFile = "open-file"
    case memoryMap = "memory-map"
    case mount
  }

  /// For a mount: of a process that sees it; 0 where we do ourselves.
  package var pid: Int32
  /// The program's name, at most 15 bytes.
  package var command: String
  package var kind: Kind
  /// The file or directory, as the process names it; for a mount, where it is.
  package var path: String
  /// How many more things of the tree the process has.
  package var more: Int
}

extension TreeHolder: CustomStringConvertible {
  package var description: String {
    let who = pid == 0 ? "" : "pid \(pid) (\(command))"
    let what =
      switch kind {
      case .workingDirectory: "\(who) works in \(path)"
      case .rootDirectory: "\(who) has \(path) as its root"
      case .openFile: "\(who) has \(path) open"
      case .memoryMap: "\(who) maps \(path) into its memory"
      case .mount: pid == 0 ? "it is mounted at \(path)" : "it is mounted at \(path) in the container of \(who)"
      }
    return more > 0 ? "\(what) and \(more) more" : what
  }
}

/// Who holds trees, found in /proc (proc(5)): working and root directories, open files, memory maps, and mounts, also
/// those of other mount namespaces.
///
/// A path of a process in another namespace means nothing here. What is compared is the device and the path in its file
/// system, which mountinfo gives for every namespace. Files that have no name any more are not in the tree.
package struct TreeHolders: Sendable {
  /// The first ones, by pid.
  package private(set) var found: [TreeHolder] = []
  package private(set) var count = 0
  /// How many processes only root, or their owner, may look at.
  package private(set) var hiddenCount = 0

  private static let limit = 50

  /// Where a tree is seen, a table of mounts each.
  private struct View {
    /// Nobody sees it where there is none.
    var places: [[UInt8]]
    var mounts: [MountPlace]
  }

  /// Looks at all processes but this one; blocking, for some milliseconds a hundred processes.
  ///
  /// - Parameter paths: absolute, without links on the way; files or directories.
  /// - Throws: `missingRequirement` where /proc is not there.
  package init(of paths: [String], except own: Int32) throws {
    let (ours, namespace) = (MountTable.read("/proc/self/mountinfo"), ProcFile.link("/proc/self/ns/mnt"))
    let trees = paths.compactMap { ours.place(of: Array($0.utf8)) }
    let view = Self.view(of: trees, in: ours)
    var views: [ProcFile: View] = [namespace: view]
    for mount in view.mounts {
      add(TreeHolder(pid: 0, command: "", kind: .mount, path: Self.text(mount.point), more: 0))
    }
    for pid in try ProcFile.numbers(in: "/proc").sorted() where pid != own {
      let its = ProcFile.link("/proc/\(pid)/ns/mnt")
      guard case .content = its else {
        if its == .denied { hiddenCount += 1 }
        continue
      }
      let isNew = views[its] == nil
      let view = views[its] ?? Self.view(of: trees, in: MountTable.read("/proc/\(pid)/mountinfo"))
      views[its] = view
      if isNew, let mount = view.mounts.first {
        add(
          TreeHolder(
            pid: pid, command: Self.command(pid), kind: .mount, path: Self.text(mount.point),
            more: view.mounts.count - 1))
      }
      if !view.places.isEmpty { look(at: pid, view.places) }
    }
  }

  private mutating func add(_ holder: TreeHolder) {
    count += 1
    if found.count < Self.limit { found.append(holder) }
  }

  private static func view(of trees: [MountPlace], in table: MountTable) -> View {
    View(places: trees.flatMap { table.paths(of: $0) }, mounts: trees.flatMap { table.mounts(of: $0) })
  }

  // MARK: One process

  private mutating func look(at pid: Int32, _ places: [[UInt8]]) {
    var first: (TreeHolder.Kind, [UInt8])?
    var more = 0
    func take(_ kind: TreeHolder.Kind, _ path: [UInt8]) {
      guard places.contains(where: { MountTable.isInside(path, $0) }), !path.hasSuffix(" (deleted)") else { return }
      if first == nil { first = (kind, path) } else { more += 1 }
    }
    for (name, kind) in [("cwd", TreeHolder.Kind.workingDirectory), ("root", .rootDirectory)] {
      if case .content(let path) = ProcFile.link("/proc/\(pid)/\(name)") { take(kind, path) }
    }
    for number in (try? ProcFile.numbers(in: "/proc/\(pid)/fd", from: 0)) ?? [] {
      if case .content(let path) = ProcFile.link("/proc/\(pid)/fd/\(number)") { take(.openFile, path) }
    }
    if case .content(let lines) = ProcFile.read("/proc/\(pid)/maps") {
      var last: ArraySlice<UInt8> = []
      for line in lines.split(separator: UInt8(ascii: "\n")) {
        // The path begins at the first slash: no field before it has one.
        guard let slash = line.firstIndex(of: UInt8(ascii: "/")), line[slash...] != last else { continue }
        last = line[slash...]
        take(.memoryMap, Array(last))
      }
    }
    guard let (kind, path) = first else { return }
    add(TreeHolder(pid: pid, command: Self.command(pid), kind: kind, path: Self.text(path), more: more))
  }

  private static func command(_ pid: Int32) -> String { ProcessStat.read(pid)?.name ?? "?" }

  private static func text(_ path: [UInt8]) -> String { String(decoding: path, as: UTF8.self) }
}

extension [UInt8] {
  fileprivate func hasSuffix(_ text: String) -> Bool { suffix(text.utf8.count).elementsEqual(text.utf8) }
}
