internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// What a rollback must refuse, with its status and a hint, before anything stops.
@Suite(.serialized)
struct ReleaseRefusalTests {
  private func refused(
    _ lab: ReleaseLab, _ arguments: [String], status: Int32, saying text: String, state: String = "state",
    _ place: SourceLocation = #_sourceLocation
  ) throws {
    let (before, events) = (try lab.fingerprint(), try lab.events())
    let result = try lab.recover(arguments, state: state)
    #expect(result.status == status, "\(result.errorText)\(result.outputText)", sourceLocation: place)
    #expect(result.errorText.contains(text), "\(result.errorText)", sourceLocation: place)
    #expect(result.errorText.contains("hint:"), "\(result.errorText)", sourceLocation: place)
    #expect(try lab.fingerprint() == before, sourceLocation: place)
    #expect(try lab.events() == events, sourceLocation: place)
  }

  @Test("revisions that are not there, changes, files in the way and unverified releases are refused")
  func refusals() throws {
    let lab = try RollbackTests.lab(["3"])
    try refused(lab, ["rollback", "--to", "no-such", "--yes"], status: 1, saying: "no single commit `no-such`")
    try refused(lab, ["rollback", "ap", "--yes"], status: 2, saying: "no deployment `ap`")
    try refused(lab, ["rollback", "--to", "main~3", "--yes"], status: 1, saying: "no single commit")
    try lab.git("checkout", "--quiet", "main~1")
    try refused(lab, ["rollback", "--to", "main", "--yes"], status: 7, saying: "never verified healthy")
    try lab.write("changed", to: "app/version")
    try refused(lab, ["rollback", "--yes"], status: 1, saying: "uncommitted changes: version")
    try lab.git("checkout", "--quiet", "--", ".")
    try lab.git("update-index", "--assume-unchanged", "version")
    try lab.write("hidden", to: "app/version")
    try refused(lab, ["rollback", "--yes"], status: 1, saying: "no stash keeps: version")
    #expect(try lab.read("app/version") == "hidden")
    try lab.git("update-index", "--no-assume-unchanged", "version")
    try lab.git("checkout", "--quiet", "--", ".")
    try lab.write("", to: "app/.git/index.lock")
    try refused(lab, ["rollback", "--yes"], status: 1, saying: "another git works in")
    try TestProcess.output(["rm", "\(lab.directory)/app/.git/index.lock"])
    try lab.write("in the way", to: "app/notes/3.txt")
    try refused(
      lab, ["deploy", "--to", "main", "--yes"], status: 1,
      saying: "untracked files are where the release has its own: notes/3.txt")
    try TestProcess.output(["rm", "\(lab.directory)/app/notes/3.txt"])
    let confirmed = try lab.recover(["rollback", "--to", "main", "--confirm", "app"])
    #expect(confirmed.status == 0, "\(confirmed.errorText)")
  }

  @Test("a release's directory that was edited is refused before anything happens, with what to type")
  func editedDirectory() throws {
    let lab = try RollbackTests.lab(strategy: .worktree)
    let name = "releases/\(try lab.git("rev-parse", "main~1").prefix(12))"
    try lab.write("edited", to: "\(name)/version")
    try refused(lab, ["rollback", "--yes"], status: 1, saying: "tracked files differ: version")
    try lab.git("-C", "\(lab.directory)/\(name)", "update-index", "--assume-unchanged", "version")
    try refused(lab, ["rollback", "--yes"], status: 1, saying: "git was told not to look at: version")
    #expect(try lab.read("\(name)/version") == "edited")
  }

  @Test("a merge in progress is refused, and named")
  func merge() throws {
    let lab = try RollbackTests.lab()
    try lab.git("checkout", "--quiet", "-b", "side", "main~1")
    try lab.commit("1b")
    _ = try TestProcess.run(["git", "-C", "\(lab.directory)/app", "merge", "main"])
    try refused(lab, ["rollback", "--to", "main~1", "--yes"], status: 1, saying: "in the middle of a merge")
  }

  @Test("the hook says whether a release can take the place of another one")
  func compatible() throws {
    let lab = try RollbackTests.lab(
      extra:
        "    compatible: 'git diff --quiet $RECOVER_RELEASE_BEFORE $RECOVER_RELEASE -- version || { echo migrated; exit $CODE; }'"
    )
    for (code, text) in [("1", "can't take the place of"), ("5", "does not say whether")] {
      let result = try lab.recover(["rollback", "--yes"], environment: ["CODE": code])
      #expect(result.status == 1, "\(result.errorText)")
      #expect(result.errorText.contains(text), "\(result.errorText)")
      #expect(result.errorText.contains("migrated"), "\(result.errorText)")
    }
    #expect(try lab.read("deployed") == "2")
  }

  @Test("a second run is kept out, with the same state and with another, and an undo names the way")
  func twice() throws {
    let lab = try RollbackTests.lab()
    let undone = try lab.recover(["undo", "last", "--yes"])
    #expect(undone.status == 2)
    #expect(undone.errorText.contains("recover deploy"), "\(undone.errorText)")
    let first = try lab.git("rev-parse", "main~1").prefix(12)
    #expect(undone.errorText.contains("app --to \(first)"), "\(undone.errorText)")
    try TestProcess.output(["mkfifo", "\(lab.directory)/gate"])
    // The build tells that it has begun, and waits until it may go on.
    try lab.changePolicy(
      "./build.sh", to: "echo begun > \(lab.directory)/gate && cat \(lab.directory)/gate && ./build.sh")
    let running = try lab.start(["rollback", "--yes"])
    try TestProcess.output(["head", "-n", "1", "\(lab.directory)/gate"])
    for state in ["state", "other-state"] {
      let second = try lab.recover(["rollback", "--to", "main~1", "--confirm", "app"], state: state)
      #expect(second.status == 6, "\(state): \(second.errorText)\(second.outputText)")
    }
    try lab.write("go on", to: "go")
    try TestProcess.output(["sh", "-c", "cat '\(lab.directory)/go' > '\(lab.directory)/gate'"])
    #expect(running.result().status == 0)
  }
}

extension ReleaseLab {
  /// Changes a part of the policy's text.
  func changePolicy(_ part: String, to other: String) throws {
    let text = try read("policies/environment.yaml")
    try write(
      text.split(separator: part, omittingEmptySubsequences: false).joined(separator: other),
      to: "policies/environment.yaml")
  }
}
