internal import Glibc
package import RecoverBase

/// A git work tree, or a bare repository: questions that change nothing.
///
/// By the real git, and only by forms that are made for programs. Blocking. `GitRepository+Changes` has what acts.
package struct GitRepository: Sendable, Hashable {
  /// The top directory of the work tree, or the bare repository; absolute.
  package let directory: String

  package init(directory: String) { self.directory = directory }
}

// MARK: - The work tree

extension GitRepository {
  /// The real path of the directory that holds the repository's objects and refs; one for all its work trees.
  ///
  /// - Throws: ``RecoverError`` `missingRequirement` when there is no repository.
  package func commonDirectory(_ interruption: Interruption? = nil) throws -> String {
    let answer = try ask(
      ["rev-parse", "--path-format=absolute", "--git-common-dir"], interruption, allowing: [0, 128])
    guard answer.status == 0 else {
      throw RecoverError(
        .missingRequirement, "\(directory) is no git repository: \(answer.complaint)",
        hint: "name the top directory of the work tree in the policy: repository")
    }
    guard let real = unsafe realpath(answer.line, nil) else { return answer.line }
    defer { unsafe free(real) }
    return unsafe String(cString: real)
  }

  /// The real path of the work tree's top directory; the repository itself where it is bare.
  package func workTree(_ interruption: Interruption? = nil) throws -> String {
    let answer = try ask(["rev-parse", "--show-toplevel"], interruption, allowing: [0, 128])
    return answer.status == 0 ? answer.line : directory
  }

  /// What is checked out, and which tracked files differ from it; untracked files do not count.
  package func status(_ interruption: Interruption? = nil) throws -> GitStatus {
    var parser = GitStatusParser()
    let words = [
      "status", "--porcelain=v2", "--branch", "-z", "--untracked-files=no", "--ignore-submodules=none", "--no-renames",
    ]
    try forEachRecord(words, interruption) { try parser.take($0) }
    return parser.status
  }

  /// What git is in the middle of: `merge`, `rebase`; nil for nothing.
  package func operationInProgress(_ interruption: Interruption? = nil) throws -> String? {
    let marks = [
      ("MERGE_HEAD", "merge"), ("rebase-merge", "rebase"), ("rebase-apply", "rebase"),
      ("CHERRY_PICK_HEAD", "cherry-pick"),
      ("REVERT_HEAD", "revert"), ("BISECT_LOG", "bisect"),
    ]
    let words = ["rev-parse", "--path-format=absolute"] + marks.flatMap { ["--git-path", $0.0] }
    let paths = String(decoding: try ask(words, interruption).output, as: UTF8.self).split(separator: "\n")
    for (path, mark) in zip(paths, marks) where unsafe access(String(path), F_OK) == 0 { return mark.1 }
    return nil
  }

  /// The lock that another git holds on the index, or that one left behind; nil for none.
  package func indexLock(_ interruption: Interruption? = nil) throws -> String? {
    let answer = try ask(["rev-parse", "--path-format=absolute", "--git-path", "index.lock"], interruption)
    return unsafe access(answer.line, F_OK) == 0 ? answer.line : nil
  }
}

// MARK: - Commits

extension GitRepository {
  /// The commit that a revision names (gitrevisions(7)); nil when there is none.
  ///
  /// - Throws: ``RecoverError`` `usage` for a revision that can be none or that names several commits.
  package func commit(of revision: String, _ interruption: Interruption? = nil) throws -> GitCommit? {
    guard !revision.isEmpty, !revision.contains("\0") else {
      throw RecoverError(.usage, "an empty text names no revision", hint: "give a commit, a tag or a branch")
    }
    let words = ["rev-parse", "--verify", "--quiet", "--end-of-options", "\(revision)^{commit}"]
    let answer = try ask(words, interruption, allowing: [0, 1, 128])
    guard answer.status == 0 else { return nil }
    let shown = try ask(["show", "-s", "--format=%H%x00%ct%x00%s", answer.line, "--"], interruption)
    let fields = shown.output.prefix { $0 != UInt8(ascii: "\n") }.split(separator: 0, omittingEmptySubsequences: false)
    guard fields.count >= 3, let seconds = Int64(String(decoding: fields[1], as: UTF8.self)) else {
      throw RecoverError(.unreachable, "git show in \(directory) printed what it should not")
    }
    return GitCommit(
      id: String(decoding: fields[0], as: UTF8.self), subject: String(decoding: fields[2], as: UTF8.self),
      time: WallTime(microseconds: seconds * 1_000_000))
  }

  /// Paths that a commit has and another one lacks, as they come.
  package func forEachAddedPath(
    from old: String, to new: String, _ interruption: Interruption? = nil, _ body: (String) throws -> Void
  ) throws {
    let words = ["diff-tree", "-r", "-z", "--name-only", "--no-renames", "--diff-filter=A", old, new, "--"]
    try forEachRecord(words, interruption) { try body(String(decoding: $0, as: UTF8.self)) }
  }

  /// Whether a commit has submodules.
  package func hasSubmodules(_ commit: String, _ interruption: Interruption? = nil) throws -> Bool {
    try ask(["cat-file", "-e", "\(commit):.gitmodules"], interruption, allowing: [0, 1, 128]).status == 0
  }

  /// Whether a commit keeps files in Git LFS.
  package func usesLFS(_ commit: String, _ interruption: Interruption? = nil) throws -> Bool {
    let words = ["grep", "-q", "-e", "filter=lfs", commit, "--", ":(glob)**/.gitattributes"]
    return try ask(words, interruption, allowing: [0, 1]).status == 0
  }

  /// Whether git would fetch the contents of LFS files: the filter is configured, and its program is there.
  package func canUseLFS(_ interruption: Interruption? = nil) throws -> Bool {
    let filter = try ask(["config", "--get", "filter.lfs.smudge"], interruption, allowing: [0, 1])
    guard filter.status == 0 else { return false }
    return try ask(["lfs", "version"], interruption, allowing: [0, 1, 127, 128]).status == 0
  }

  /// Fetches the branches and tags of a remote: moves what stands for its branches here, and nothing else.
  ///
  /// - Throws: ``RecoverError`` `unreachable` with what git said.
  package func fetch(_ remote: String, _ interruption: Interruption? = nil) throws {
    let words = [
      "-c", "http.lowSpeedLimit=1000", "-c", "http.lowSpeedTime=60", "fetch", "--quiet", "--no-recurse-submodules",
      "--no-write-fetch-head", "--", remote,
    ]
    let answer = try ask(words, interruption, allowing: Set(0...255))
    guard answer.status != 0 else { return }
    throw RecoverError(
      .unreachable, "can't fetch from \(remote) of \(directory): \(answer.complaint)",
      hint: "--no-fetch takes what is here already")
  }

  /// The names of the remotes.
  package func remotes(_ interruption: Interruption? = nil) throws -> [String] {
    String(decoding: try ask(["remote"], interruption).output, as: UTF8.self).split(separator: "\n").map(String.init)
  }
}

// MARK: - Stashes

extension GitRepository {
  /// The commits of the stash, newest first.
  package func stashes(_ interruption: Interruption? = nil) throws -> [String] {
    let answer = try ask(["stash", "list", "--format=%H"], interruption)
    return String(decoding: answer.output, as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// The trees of a stash: of the index, and of the work tree's tracked files.
  package func trees(ofStash commit: String, _ interruption: Interruption? = nil) throws -> [String] {
    let words = ["rev-parse", "--verify", "--end-of-options"]
    return try ["\(commit)^2^{tree}", "\(commit)^{tree}"].map { try ask(words + [$0], interruption).line }
  }
}

// MARK: - Files

extension GitRepository {
  /// Where a file of this work tree's own is, beside its index.
  package func privatePath(_ name: String, _ interruption: Interruption? = nil) throws -> String {
    try ask(["rev-parse", "--path-format=absolute", "--git-path", name], interruption).line
  }

  /// The paths in which two commits differ; in memory.
  package func changedPaths(
    from old: String, to new: String, _ interruption: Interruption? = nil
  ) throws -> Set<[UInt8]> {
    var paths: Set<[UInt8]> = []
    try forEachRecord(["diff-tree", "-r", "-z", "--no-renames", "--name-only", old, new, "--"], interruption) {
      if !$0.isEmpty { paths.insert(Array($0)) }
    }
    return paths
  }

  /// The regular files that a commit has and another one lacks, each with its object id, as they come.
  package func forEachAddedFile(
    from old: String, to new: String, _ interruption: Interruption? = nil, _ body: (String, String) throws -> Void
  ) throws {
    var id: String?
    let words = ["diff-tree", "-r", "-z", "--no-renames", "--diff-filter=A", "--raw", old, new, "--"]
    try forEachRecord(words, interruption) { record in
      let text = String(decoding: record, as: UTF8.self)
      if let found = id {
        id = nil
        if !found.isEmpty { try body(text, found) }
      } else {
        // `:000000 100644 OLD NEW A`, and then the path.
        let fields = text.split(separator: " ")
        id = fields.count == 5 && fields[1].hasPrefix("100") ? String(fields[3]) : ""
      }
    }
  }

  /// The object ids that files of the work tree would have; paths with a line break have none.
  package func objectIDs(of paths: [String], _ interruption: Interruption? = nil) throws -> [String] {
    let lines = paths.filter { !$0.contains("\n") }
    guard !lines.isEmpty else { return paths.map { _ in "" } }
    let command = GitCommand.make(["hash-object", "--stdin-paths"], in: directory)
    let input = Array(lines.joined(separator: "\n").utf8) + [UInt8(ascii: "\n")]
    let (bytes, result) = try ChildStream.output(of: command, input: input, limitBytes: 1 << 20, interruption)
    let ids = String(decoding: bytes, as: UTF8.self).split(separator: "\n").map(String.init)
    guard result.ending == .exited(0), ids.count == lines.count else {
      throw RecoverError(.unreachable, "git hash-object in \(directory) \(result.summary)")
    }
    var known = ids.makeIterator()
    return paths.map { $0.contains("\n") ? "" : known.next() ?? "" }
  }

  /// How many commits one commit has that another one has not.
  package func count(of commit: String, without other: String, _ interruption: Interruption? = nil) throws -> Int {
    Int(try ask(["rev-list", "--count", commit, "^\(other)", "--"], interruption).line) ?? 0
  }
}
