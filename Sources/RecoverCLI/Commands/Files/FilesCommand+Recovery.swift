internal import Glibc
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverPolicy
internal import RecoverSteps

/// `recover files --to` for a tree that is there: a run with a plan.
extension FilesCommand {
  /// What `--to` names.
  enum Target {
    /// Nothing has the name: a new directory.
    case new(String)
    case existing(String)
    case tree(name: String, TreePolicy)
  }

  /// Finds what was named: a tree of the policy where it is a single word, else a path.
  ///
  /// - Throws: ``RecoverError`` `usage` for a word that is neither.
  func target(_ text: String) throws -> Target {
    // An empty variable of a script must not become the current directory, nor a byte that is no UTF-8 another name.
    guard !text.isEmpty, !text.unicodeScalars.contains("\u{FFFD}") else {
      throw RecoverError(
        .usage, text.isEmpty ? "--to is empty" : "--to is not UTF-8: \(text)",
        hint: text.isEmpty
          ? "name the directory; the current one is `.`" : "give the directory a name in UTF-8, or a link that has one")
    }
    let path = global.absolute(text)
    let isThere = unsafe faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0
    guard isThere || errno == ENOENT else { throw RecoverError.system(.unreachable, "can't look at \(path)") }
    if !text.contains("/") {
      let policy = try Composition(global).policies(global).policy
      if let tree = policy.trees[text] { return .tree(name: text, tree) }
      // A name that is misspelt must not become a new directory.
      if !isThere, !policy.trees.isEmpty { _ = try policy.tree(named: text) }
    }
    return isThere ? .existing(path) : .new(path)
  }

  /// Plans, shows, confirms and performs the restore into what is there.
  func recover(to target: Target) async throws -> ExitStatus {
    let composition = try Composition(global)
    let policies = try composition.policies(global)
    let request: FilesRequest
    switch target {
    case .existing(let path), .new(let path): request = try self.request(path, nil)
    case .tree(let name, let tree): request = try self.request(tree.path, name, of: tree)
    }
    let planner = FilesPlanner(policy: policies.policy, host: composition.identity.host)
    let procedure = try policies.procedure(named: "files")
    let plan = try await BlockingThread.run("recover-plan") { _ in try planner.plan(request, procedure: procedure) }
    return try await PlannedRun(composition: composition, global: global, action: action)
      .confirmAndPerform(plan, drivers: composition.drivers())
  }

  private func request(_ path: String, _ tree: String?, of policy: TreePolicy? = nil) throws -> FilesRequest {
    FilesRequest(
      archive: try Composition.archive(global.absolute(from)).path, target: path, treeName: tree, mirrors: mirror,
      selection: try members.selection(), overlays: overlay, allowsHolders: allowHolders,
      extraction: try extraction.policy(isComparison: false, otherwise: policy?.owner, otherModes: policy?.modes),
      budget: try budget())
  }
}
