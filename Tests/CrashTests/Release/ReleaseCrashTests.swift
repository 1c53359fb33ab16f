internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// Kills the real binary at every named point of a rollback, resumes it, and compares with an unbroken one.
@Suite(.serialized)
struct ReleaseCrashTests {
  /// A lab at version 2, on a branch, with a change that is to be put aside.
  private func lab(_ version: String, _ strategy: ReleaseLab.Strategy) throws -> ReleaseLab {
    let lab = try ReleaseLab([version, "2"], strategy: strategy)
    try TestProcess.output(["cp", "\(lab.directory)/app/version", "\(lab.directory)/app/built"])
    if strategy == .checkout {
      try lab.write("2 changed", to: "app/version")
      try lab.write("2 changed", to: "deployed")
    } else {
      #expect(try lab.recover(["deploy", "--to", "main", "--yes"], state: "first").status == 0)
    }
    return lab
  }

  private func expectEverywhere(_ version: String, status: Int32, from: String, _ strategy: ReleaseLab.Strategy) throws
  {
    let arguments = ["rollback", "--to", "main~1", "--stash", "--confirm", "app"]
    let lab = try lab(version, strategy)
    try lab.keep()
    let start = try lab.fingerprint()
    let unbroken = try lab.recover(arguments + ["--json"])
    #expect(unbroken.status == status, "\(unbroken.errorText)\(unbroken.outputText)")
    let end = try lab.fingerprint()
    if status == 3 { #expect(end == start) }
    var points = CrashPointTests.points(of: unbroken)
    points += strategy == .checkout ? ["stash.stored"] : ["deploy.switched"]
    points = Array(points.drop { !from.isEmpty && !$0.contains(from) })
    // What has nothing to do with where the release is was tried with the other strategy.
    if strategy == .worktree {
      points = points.filter { point in ["checkout", "build", "deploy", "record"].contains { point.contains($0) } }
    }
    // Nothing happens between one record and the next but where an effect is; the long tier tries those too.
    if !ProcessInfoText.isLong { points = points.filter(Self.isAroundAnEffect) }
    #expect(points.count > 5)
    for point in points {
      try lab.restore()
      let crashed = try lab.recover(arguments, environment: ["RECOVER_CRASH_AT": point])
      #expect(crashed.status == 137, "\(point) was not reached: \(crashed.errorText)")
      let resumed = try lab.recover(["resume", "last"])
      #expect(resumed.status == status, "\(point): \(resumed.errorText)\(resumed.outputText)")
      #expect(try withoutTimes(lab.fingerprint()) == withoutTimes(end), "\(point)")
    }
  }

  private static func isAroundAnEffect(_ point: String) -> Bool {
    let kinds = [
      "step-intended", "child-started", "before-child-started", "before-step-succeeded", "before-step-failed",
      "step-undo-intended", "before-step-undone", "before-failing", "before-finished", "stash.", "deploy.",
    ]
    return kinds.contains(where: point.hasPrefix)
  }

  /// A stash's message names its run.
  private func withoutTimes(_ fingerprint: [String]) -> [String] {
    fingerprint.map { $0.hasPrefix("recover: before run") ? "recover: before run" : $0 }
  }

  @Test(
    "a crash at any point of a rollback is resumed to the end of an unbroken one",
    arguments: ReleaseLab.Strategy.allCases)
  func everyPoint(strategy: ReleaseLab.Strategy) throws {
    try expectEverywhere("1", status: 0, from: "", strategy)
  }

  @Test("a crash on the way back is resumed to what was there before", arguments: ReleaseLab.Strategy.allCases)
  func everyUndoPoint(strategy: ReleaseLab.Strategy) throws {
    try expectEverywhere("sick", status: 3, from: "step-failed", strategy)
  }

  @Test(
    "a run that is killed in the middle of a command ends it first, and runs it again", arguments: ["build", "deploy"])
  func middleOfCommand(step: String) throws {
    let lab = try RollbackTests.lab()
    try TestProcess.output(["mkfifo", "\(lab.directory)/gate"])
    let place = lab.directory
    let once =
      "test -e \(place)/once || { touch \(place)/once; echo $$ > \(place)/pid; echo begun > \(place)/gate; sleep 1000; }"
    try lab.changePolicy("\(step): ./\(step).sh", to: "\(step): '\(once); ./\(step).sh'")
    let running = try lab.start(["rollback", "--yes"])
    try TestProcess.output(["head", "-n", "1", "\(place)/gate"])
    running.signal(9)
    #expect(running.wait() == 137)
    let resumed = try lab.recover(["resume", "last"])
    #expect(resumed.status == 0, "\(resumed.errorText)\(resumed.outputText)")
    #expect(try lab.read("deployed") == "1")
    // Whoever adopts orphans here may leave it as a zombie.
    let state = "cat /proc/\(try lab.read("pid"))/stat 2>/dev/null | sed 's/.*) //' | grep -qv '^Z'"
    #expect(try TestProcess.run(["sh", "-c", state]).status == 1, "the command runs on")
  }

  @Test("the lock of a git that was killed with its run is removed, on and back", arguments: ["resume", "cancel"])
  func lockLeft(command: String) throws {
    let lab = try RollbackTests.lab()
    let crashed = try lab.recover(
      ["rollback", "--yes"], environment: ["RECOVER_CRASH_AT": "step-intended.checkout"])
    #expect(crashed.status == 137, "\(crashed.errorText)")
    try lab.write("", to: "app/.git/index.lock")
    let result = try lab.recover([command, "last"])
    #expect(result.status == (command == "resume" ? 0 : 3), "\(result.errorText)\(result.outputText)")
    #expect(!lab.exists("app/.git/index.lock"))
  }

  @Test("a checkout that died in its middle is taken back, with the files that it had written")
  func halfCheckout() throws {
    let lab = try RollbackTests.lab(["broken"])
    try lab.git("checkout", "--quiet", "main")
    let before = try lab.fingerprint()
    let crashed = try lab.recover(
      ["rollback", "--to", "main~1", "--yes"], environment: ["RECOVER_CRASH_AT": "step-intended.checkout"])
    #expect(crashed.status == 137, "\(crashed.errorText)")
    // As a git that was killed leaves it: some files are new, the index and HEAD are old.
    try lab.write("2", to: "app/version")
    try TestProcess.output(["rm", "\(lab.directory)/app/notes/broken.txt"])
    #expect(try lab.recover(["cancel", "last"]).status == 3)
    #expect(try lab.fingerprint() == before)
  }

  @Test(
    "what somebody changed after a crash is kept when the run is resumed",
    arguments: ["stash.stored", "step-intended.checkout"])
  func changedAfterCrash(point: String) throws {
    let lab = try RollbackTests.lab(["3"])
    try lab.write("put aside", to: "app/version")
    let arguments = ["deploy", "--to", "main", "--stash", "--yes"]
    #expect(try lab.recover(arguments, environment: ["RECOVER_CRASH_AT": point]).status == 137)
    try lab.write("precious", to: "app/version")
    let isCheckout = point.contains("checkout")
    if isCheckout { try lab.write("mine", to: "app/notes/3.txt") }
    let resumed = try lab.recover(["resume", "last"])
    #expect(resumed.status == 0, "\(resumed.errorText)\(resumed.outputText)")
    #expect(resumed.outputText.contains("what was changed meanwhile is stash"), "\(resumed.outputText)")
    #expect(try lab.read("app/version") == "3")
    let stashed = try ["stash@{0}:version", "stash@{1}:version"].map { try lab.git("show", $0) }
    #expect(Set(stashed) == ["precious", "put aside"])
    if isCheckout {
      #expect(try lab.read("app/notes/3.txt") == "3")
      #expect(resumed.outputText.contains("are notes/3.txt.recover-"), "\(resumed.outputText)")
      #expect(try lab.git("ls-files", "--others").contains("notes/3.txt.recover-"))
    }
  }
}
