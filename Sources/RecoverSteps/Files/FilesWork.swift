internal import ArchiveKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// What the steps of a restore of files have in common: their bindings, and the run's own directory.
struct FilesWork: Sendable {
  let bindings: FilesBindings
  let run: RunID
  let host: String
  let planHash: Digest

  init(_ context: StepContext, _ drivers: StepDrivers) throws {
    bindings = try context.bindings(FilesBindings.self)
    run = context.run
    host = drivers.host
    planHash = try context.plan.hash()
  }

  /// The run's own directory.
  var keep: String { TreeKeep.path(of: run.text, in: bindings.home) }
  /// Where the entering trees are, and then those that left.
  var trees: String { "\(keep)/\(TreeKeep.trees)" }

  /// Refuses when another directory has the home's name by now.
  ///
  /// - Throws: ``RecoverError`` `drifted`.
  func checkHome() throws {
    let now = try TreeExchange.identity(bindings.home)
    guard now?.inode == bindings.homeIdentity.inode, now?.born == bindings.homeIdentity.born else {
      throw RecoverError(
        .drifted, "\(bindings.home) was moved or replaced since the plan was made", hint: "look at it, and plan again")
    }
  }

  func note(_ role: TreeNote.Role, retainFor: Duration? = nil) -> TreeNote {
    let until = retainFor.map { WallTime.now + $0 }
    let (target, trees) = (bindings.target, "\(TreeKeep.trees)/")
    let (undo, about) =
      switch role {
      case .open: ("recover cancel \(run)", "run \(run) on \(host) is at work here, or was stopped in the middle")
      case .previous: ("recover undo \(run)", "what was live in \(target) before run \(run) is in \(trees)")
      case .failed: ("recover cleanup", "what run \(run) restored to \(target) and took back is in \(trees)")
      }
    return TreeNote(
      run: run.text, host: host, plan: planHash, role: role, target: bindings.target, retainUntil: until, undo: undo,
      about: about + (until.map { "; kept until \($0)" } ?? ""))
  }

  /// The archive, refused when it is not what it was when the plan was made.
  ///
  /// - Throws: ``RecoverError`` `drifted`.
  func archive() throws -> TarFile {
    let planned = bindings.backup
    guard try FilesPlanner.reference(planned.path) == planned else {
      throw RecoverError(
        .drifted, "\(planned.path) was changed since the plan was made", hint: "look at it, and plan again")
    }
    var file = try TarFile(path: planned.path)
    file.selection = bindings.selection
    return file
  }

  /// How the archive is extracted into its directory.
  func staging(_ file: TarFile) -> TreeStaging {
    TreeStaging(file, bindings.extraction, budget: bindings.budget, appliesRoot: bindings.scope == .whole)
  }

  /// The root of what is extracted, in the run's own directory.
  func extractedRoot(in keep: borrowing StagingDirectory) throws -> TreeRoot {
    let trees = try keep.root(of: TreeKeep.trees)
    return bindings.scope == .whole ? try trees.root(of: bindings.name) : trees
  }

  /// Refuses while another run is at work here, wherever that was started, living or dead.
  ///
  /// - Throws: ``RecoverError`` `claimed`.
  func refuseOtherRuns() throws {
    var places = [bindings.home]
    // One that exchanges what is in the target, or the target itself.
    places.append(bindings.scope == .whole ? bindings.target : FilesPlace.parent(of: bindings.home))
    for place in Set(places) {
      let other = TreeKeep.all(in: place).first { _, note in
        guard note.role == .open, note.run != run.text, note.run != bindings.undoes else { return false }
        return FilesPlace.isInside(note.target, bindings.target) || FilesPlace.isInside(bindings.target, note.target)
      }
      guard let other else { continue }
      throw RecoverError(
        .claimed,
        "\(bindings.target) is claimed by run \(other.note.run), which was started on \(other.note.host) and left "
          + "\(other.path) behind",
        hint: "resume or cancel that run where it was started; if it is lost for good, look what is in \(other.path)/"
          + "\(TreeKeep.trees): once its \(TreeKeep.note) is gone, it is yours")
    }
  }
}
