internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// Rollbacks and deployments through the real binary, with real git.
@Suite(.serialized)
struct RollbackTests {
  /// A lab in which versions 1 and 2 were deployed and verified.
  static func lab(
    _ more: [String] = [], strategy: ReleaseLab.Strategy = .checkout, extra: String = "", hasServices: Bool = true
  ) throws -> ReleaseLab {
    let lab = try ReleaseLab(["1", "2"], strategy: strategy, extra: extra, hasServices: hasServices)
    for revision in ["HEAD~1", "main"] {
      let result = try lab.recover(["deploy", "--to", revision, "--yes"])
      #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
    }
    if strategy == .checkout { try lab.git("checkout", "--quiet", "main") }
    for version in more { try lab.commit(version) }
    // As somebody who works there leaves it: on a branch, at what is deployed.
    if strategy == .checkout { try lab.git("checkout", "--quiet", "-b", "work", more.isEmpty ? "main" : "main~1") }
    return lab
  }

  @Test(
    "a rollback goes to the last verified release, detached, and no branch is moved",
    arguments: ReleaseLab.Strategy.allCases)
  func lastVerified(strategy: ReleaseLab.Strategy) throws {
    let lab = try Self.lab(strategy: strategy)
    let (main, before) = (try lab.git("rev-parse", "main"), try lab.events().count)
    // Run from within a git hook, say, which has variables of another repository.
    let result = try lab.recover(
      ["rollback", "--yes"], environment: ["GIT_DIR": "/nowhere", "GIT_INDEX_FILE": "/nowhere/index"])
    #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
    #expect(try lab.read("deployed") == "1")
    #expect(try lab.events().dropFirst(before) == ["stop", "deploy 1", "start"])
    #expect(try lab.git("rev-parse", "main") == main)
    if strategy == .checkout {
      #expect(try lab.git("rev-parse", "HEAD") == lab.git("rev-parse", "main~1"))
      #expect(try lab.git("branch", "--show-current").isEmpty)
    } else {
      #expect(try lab.read("releases/current/version") == "1")
      #expect(try lab.git("branch", "--show-current") == "main")
    }
    #expect(result.outputText.contains(" app --to \(main.prefix(12)) "), "\(result.outputText)")
    let again = try lab.recover(["rollback", "--yes"])
    #expect(again.status == 1, "went back to where the rollback came from: \(again.outputText)")
    let same = try lab.recover(["rollback", "--to", "main~1", "--yes"])
    #expect(same.status == 0)
    #expect(same.outputText.contains("is deployed already"), "\(same.outputText)")
    #expect(same.outputText.contains("; its health checks pass"), "\(same.outputText)")
    // Nothing to do is wrong where it does not work.
    try TestProcess.output(["rm", "\(lab.directory)/running"])
    let down = try lab.recover(["rollback", "--to", "main~1", "--yes"])
    #expect(down.status == 5, "\(down.outputText)")
    #expect(down.errorText.contains("is not healthy: app: "), "\(down.errorText)")
    #expect(down.errorText.contains("--again"), "\(down.errorText)")
    try lab.write("", to: "running")
    #expect(try lab.events().count == before + 3)
    let forward = try lab.recover(["deploy", "--to", "main", "--yes"])
    #expect(forward.status == 0, "\(forward.errorText)")
    #expect(try lab.read("deployed") == "2")
  }

  @Test("releases are listed with their health, their run, and where a rollback would go")
  func releases() throws {
    let lab = try Self.lab(["sick"])
    #expect(try lab.recover(["deploy", "--to", "main", "--yes"]).status == 3)
    let result = try lab.recover(["releases"])
    let lines = result.outputText.split(separator: "\n")
    #expect(lines.count == 4, "\(result.outputText)")
    #expect(lines[1].hasPrefix(">") && lines[1].contains("verified") && lines[1].hasSuffix("release 1"), "\(lines[1])")
    #expect(lines[2].contains("verified") && lines[2].hasSuffix("release 2"), "\(lines[2])")
    #expect(lines[3].contains("failed, rolled back"), "\(lines[3])")
    let json = try lab.recover(["releases", "--json"]).outputText.split(separator: "\n")
    let first = try JSONValue.decode(JSONValue.self, from: Array(json[0].utf8))
    #expect(first["commit"]?.string == (try lab.git("rev-parse", "main~2")))
    #expect(first["health"]?.array == ["app"])
  }

  @Test("a build that fails never touches what runs", arguments: ReleaseLab.Strategy.allCases)
  func brokenBuild(strategy: ReleaseLab.Strategy) throws {
    let lab = try Self.lab(["broken"], strategy: strategy)
    let (before, events) = (try lab.fingerprint(), try lab.events())
    let result = try lab.recover(["deploy", "--to", "main", "--yes"])
    #expect(result.status == 3, "\(result.errorText)\(result.outputText)")
    #expect(result.errorText.contains("  | error: it does not compile, password=***"), "\(result.errorText)")
    #expect(!(result.errorText + result.outputText).contains("canary"))
    #expect(try lab.fingerprint() == before)
    #expect(try lab.events() == events)
    #expect(!(try lab.recover(["show", "last", "--json"]).outputText.contains("canary")))
  }

  @Test(
    "a release that can't be deployed or is unhealthy goes back to commit, branch, stash and deployment of before",
    arguments: ReleaseLab.Strategy.allCases, ["nodeploy", "sick"])
  func goesBack(strategy: ReleaseLab.Strategy, version: String) throws {
    let lab = try Self.lab([version], strategy: strategy)
    if strategy == .checkout {
      try lab.write("2 with a change", to: "app/version")
      try lab.write("2 with a change", to: "deployed")
    }
    let before = try lab.fingerprint()
    let result = try lab.recover(["deploy", "--to", "main", "--stash", "--yes"])
    #expect(result.status == 3, "\(result.errorText)\(result.outputText)")
    #expect(try lab.fingerprint() == before)
    #expect(try lab.events().last == "start")
  }

  @Test("what is back and not as healthy as it was is not called clean")
  func unhealthyAfterwards() throws {
    let lab = try Self.lab([])
    let serving = try lab.git("rev-parse", "HEAD")
    try lab.write("#!/bin/sh\ntouch \(lab.directory)/damaged; exit 7\n", to: "app/deploy.sh", mode: "755")
    let bad = try lab.commit("9")
    try lab.git("checkout", "--quiet", "--detach", serving)
    let check = "#!/bin/sh\ntest -f \(lab.directory)/running && test ! -e \(lab.directory)/damaged\n"
    try lab.write(check, to: "health.sh", mode: "755")
    let result = try lab.recover(["deploy", "--to", bad, "--yes"])
    #expect(result.status == 4, "\(result.errorText)\(result.outputText)")
    #expect(!result.outputText.contains("rolled back clean"), "\(result.outputText)")
  }

  @Test("what somebody changes while a run is under way is kept when it goes back")
  func changedMeanwhile() throws {
    let lab = try Self.lab([])
    let serving = try lab.git("rev-parse", "HEAD")
    let script = "#!/bin/sh\ncd \(lab.directory)/app && echo precious >> version; echo mine > notes/1.txt; exit 7\n"
    try lab.write(script, to: "app/deploy.sh", mode: "755")
    // The release of before has this file, and the bad one has not.
    try lab.git("rm", "--quiet", "notes/1.txt")
    let bad = try lab.commit("9")
    try lab.git("checkout", "--quiet", "--detach", serving)
    let result = try lab.recover(["deploy", "--to", bad, "--yes"])
    #expect(result.status == 3, "\(result.errorText)\(result.outputText)")
    #expect(result.outputText.contains("what was changed meanwhile is stash"), "\(result.outputText)")
    #expect(try lab.read("app/version") == "2")
    #expect(try lab.git("show", "stash@{0}:version").contains("precious"))
    #expect(try lab.git("stash", "list").split(separator: "\n").count == 1)
    #expect(try lab.read("app/notes/1.txt") == "1")
    #expect(result.outputText.contains("are notes/1.txt.recover-"), "\(result.outputText)")
    let kept = try #require(try lab.git("ls-files", "--others", "notes").split(separator: "\n").first)
    #expect(try lab.read("app/\(kept)") == "mine")
  }

  @Test("what somebody changes inside of a submodule while a run is under way is kept when it goes back")
  func changedInSubmodule() throws {
    let lab = try ReleaseLab(["1"])
    try lab.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "\(lab.directory)/app", "sub")
    let serving = try lab.commit("2")
    for name in ["app/built", "deployed"] { try lab.write("2", to: name) }
    try lab.write("#!/bin/sh\necho precious >> sub/version; exit 7\n", to: "app/deploy.sh", mode: "755")
    let bad = try lab.commit("9")
    try lab.git("checkout", "--quiet", "--detach", serving)
    let result = try lab.recover(["deploy", "--to", bad, "--yes"])
    #expect(result.status == 3, "\(result.errorText)\(result.outputText)")
    #expect(result.outputText.contains("what was changed meanwhile in submodules: sub (stash "), "\(result.outputText)")
    #expect(try lab.read("app/sub/version") == "1")
    #expect(try lab.git("-C", "sub", "show", "stash@{0}:version").contains("precious"))
  }

  @Test("the directory of a release that failed is kept where something was put into it, by another name")
  func keepsDirectory() throws {
    let lab = try Self.lab(["sick"], strategy: .worktree)
    try lab.changePolicy("deploy: ./deploy.sh", to: "deploy: 'echo data > upload.txt && ./deploy.sh'")
    let name = try lab.git("rev-parse", "main").prefix(12)
    for count in 1...2 {
      let result = try lab.recover(["deploy", "--to", "main", "--yes"])
      #expect(result.status == 3, "\(result.errorText)\(result.outputText)")
      #expect(
        result.outputText.contains("what was put into it meanwhile is in \(lab.directory)/releases/\(name).recover-"),
        "\(result.outputText)")
      #expect(!lab.exists("releases/\(name)"))
      let kept = try TestProcess.output(["sh", "-c", "cat \(lab.directory)/releases/\(name).recover-*/upload.txt"])
      #expect(String(decoding: kept, as: UTF8.self) == String(repeating: "data\n", count: count))
    }
    #expect(try lab.read("deployed") == "2")
  }

  @Test("without services the deploy command is all there is, and what was healthy has to be healthy again")
  func withoutServices() throws {
    let lab = try Self.lab(["sick"], hasServices: false)
    let before = try lab.fingerprint()
    let result = try lab.recover(["deploy", "--to", "main", "--yes"])
    #expect(result.status == 3, "\(result.errorText)\(result.outputText)")
    #expect(try lab.fingerprint() == before)
    #expect(!(try lab.events().contains("stop")))
  }

  @Test(
    "a release that somebody pulled and that fails gives way to the one that was deployed",
    arguments: ["sick", "broken"])
  func pulled(version: String) throws {
    let lab = try Self.lab([version])
    try lab.git("checkout", "--quiet", "main")
    let before = try lab.fingerprint()
    let result = try lab.recover(["deploy", "--yes"])
    #expect(result.status == 3, "\(result.errorText)\(result.outputText)")
    #expect(try lab.fingerprint() == before)
    #expect(try lab.read("app/built") == "2")
    #expect(try lab.read("deployed") == "2")
  }

  @Test("a failure goes back to what was deployed, not to a commit that somebody only checked out")
  func lookedAt() throws {
    // The work tree is at 3, which never served; 2 does.
    let lab = try Self.lab(["3", "sick"])
    try lab.write("3 with a change", to: "app/version")
    let before = try lab.fingerprint()
    let plan = try lab.recover(["deploy", "--to", "main", "--stash", "--plan"]).outputText
    #expect(plan.contains("a failure deploys \(try lab.git("rev-parse", "main~2").prefix(12)) again"), "\(plan)")
    let result = try lab.recover(["deploy", "--to", "main", "--stash", "--yes"])
    #expect(result.status == 3, "\(result.errorText)\(result.outputText)")
    #expect(result.outputText.contains("services were down for "), "\(result.outputText)")
    #expect(result.outputText.contains("; undone: "), "\(result.outputText)")
    #expect(try lab.fingerprint() == before)
    #expect(try lab.read("deployed") == "2")
    #expect(try lab.read("app/built") == "2")
  }

  @Test("a first release in a directory of its own that fails leaves no link, and is not called clean")
  func firstFails() throws {
    let lab = try ReleaseLab(["sick"], strategy: .worktree)
    let result = try lab.recover(["deploy", "--to", "main", "--yes"])
    // Nobody knows how to deploy again what was there before the first release.
    #expect(result.status == 4, "\(result.errorText)\(result.outputText)")
    #expect(!lab.exists("releases/current"))
  }

  @Test(
    "old directories of releases are removed, but for what serves, what served just now, and what was put into them")
  func keep() throws {
    let lab = try ReleaseLab(["1", "2", "3", "4"], strategy: .worktree, extra: "    keep: 2")
    func name(_ revision: String) throws -> String { String(try lab.git("rev-parse", revision).prefix(12)) }
    for revision in ["main~3", "main~2", "main~1"] {
      #expect(try lab.recover(["deploy", "--to", revision, "--yes"]).status == 0)
    }
    // Somebody keeps something in the one that would go next.
    try lab.write("precious", to: "releases/\(try name("main~2"))/uploads/1")
    let last = try lab.recover(["deploy", "--to", "main", "--yes"])
    #expect(last.status == 0, "\(last.errorText)")
    #expect(
      last.outputText.contains("kept, for what was put into them: \(try name("main~2")) (uploads/1)"),
      "\(last.outputText)")
    let kept = try TestProcess.output(["ls", "\(lab.directory)/releases"])
    let wanted = try ["main", "main~1", "main~2"].map(name) + ["current"]
    #expect(Set(String(decoding: kept, as: UTF8.self).split(separator: "\n").map(String.init)) == Set(wanted))
  }
}
