internal import Glibc
internal import RecoverTestSupport
internal import Testing

/// What a restore of files, and its undo, would take along without being asked to.
@Suite(.serialized)
struct FilesRefusalTests {
  @Test("a state directory inside of what is replaced is refused, and an archive there is said")
  func stateDirectory() throws {
    let scene = try FilesScene()
    try scene.shell("cp backup.tar.gz srv/data/; mkdir srv/data/there; ln -s srv/data/there link")
    for state in ["srv/data/there", "srv/data/new/state", "link/state"] {
      let refused = try scene.recover(["files", "--from", "backup.tar.gz", "--to", "srv/", "--plan"], state: state)
      #expect(
        refused.status == 1 && refused.errorText.contains("the state directory is in \(scene.directory)/srv/data"),
        "\(state): \(refused.errorText)")
    }
    let plan = try scene.recover(["files", "--from", "srv/data/backup.tar.gz", "--to", "srv/", "--plan"])
    #expect(plan.outputText.contains("the archive itself is in data"), "\(plan.outputText)\(plan.errorText)")
  }

  @Test("an expected plan covers which names are new and which are replaced")
  func expected() throws {
    let scene = try FilesScene()
    let plan = try scene.restore(["--plan"])
    let hash = try #require(plan.outputText.split(separator: "--expect-plan ").last?.split(separator: " ").first)
    try scene.shell("mkdir srv/unrelated srv/logs")
    let drifted = try scene.restore(["--yes", "--expect-plan", "\(hash)"])
    #expect(drifted.status == 7 && drifted.errorText.contains("which names are replaced"), "\(drifted.errorText)")
    try scene.shell("rmdir srv/logs")
    let result = try scene.restore(["--yes", "--expect-plan", "\(hash)"])
    #expect(result.status == 0, "\(result.errorText)")
    #expect(try scene.restore(["--yes", "--expect-plan", "00112233\(hash.dropFirst(8))"]).status == 7)
  }

  @Test("the hint for a link to a directory of another name leads to the right place")
  func linkHint() throws {
    let scene = try FilesScene()
    try scene.shell("mv srv/data elsewhere; ln -s ../elsewhere srv/data")
    let refused = try scene.restore(["--plan"])
    let words = ["--to", "\(scene.directory)/elsewhere", "--include", "/data/", "--strip-components", "1"]
    let typed = words.map { $0 == "/data/" ? "'/data/'" : $0 }.joined(separator: " ")
    #expect(refused.status == 1 && refused.errorText.contains(typed), "\(refused.errorText)")
    let hinted = try scene.recover(["files", "--from", "backup.tar.gz", "--yes"] + words)
    #expect(hinted.status == 0, "\(hinted.errorText)\(hinted.outputText)")
    #expect(try scene.shell("cat elsewhere/a elsewhere/sub/s srv/data/a; test -L srv/data") == "aftersafter")
  }

  @Test("an undo out of order is refused with the one to undo first; what somebody replaced by hand is said")
  func outOfOrder() throws {
    let scene = try FilesScene()
    let before = try scene.picture()
    #expect(try scene.restore().status == 0)
    let first = try #require(try scene.leftovers().first).dropFirst(".recover-".count)
    let between = try scene.picture()
    #expect(try scene.restore().status == 0)
    let second = try #require(try scene.leftovers().first { !$0.hasSuffix(first) }).dropFirst(".recover-".count)
    let refused = try scene.recover(["undo", "\(first)", "--yes"])
    #expect(refused.status == 7 && refused.errorText.contains("recover undo \(second) "), "\(refused.errorText)")
    #expect(try scene.recover(["undo", "\(second)", "--yes"]).status == 0)
    #expect(try scene.picture() == between)
    try scene.shell("mv srv/state x; cp x srv/state")
    let plan = try scene.recover(["undo", "\(first)", "--plan"])
    #expect(
      plan.status == 0 && plan.outputText.contains("srv/state is not what run \(first) left there"),
      "\(plan.outputText)\(plan.errorText)")
    let undone = try scene.recover(["undo", "\(first)", "--yes"])
    #expect(undone.status == 0, "\(undone.errorText)")
    #expect(try scene.picture() == before)
  }

  @Test("modes are changed as the policy's tree says, and as --modes says")
  func modes() throws {
    let scene = try FilesScene()
    try scene.shell(
      """
      chmod 755 new/data/sub; chmod 751 new/data/sub/s; tar -C new/data -czf data.tgz .
      sed -i 's/, services: .app., health/, modes: "u=rwX,g=rX,o=", services: [app], health/' policies/environment.yaml
      """)
    let modes = "stat -c %a . a sub sub/s | paste -sd ' '"
    let tree = try scene.recover(["files", "--from", "data.tgz", "--to", "data", "--yes"])
    #expect(tree.status == 0, "\(tree.errorText)\(tree.outputText)")
    #expect(try scene.shell("cd srv/data; \(modes)") == "750 640 750 750\n")
    #expect(try scene.recover(["files", "--from", "data.tgz", "--to", "./fresh", "--modes", "a=rX"]).status == 0)
    #expect(try scene.shell("cd fresh; \(modes)") == "555 444 555 555\n")
    #expect(try scene.recover(["files", "--from", "data.tgz", "--diff", "fresh", "--modes", "a=rX"]).status == 0)
    #expect(try scene.recover(["files", "--from", "data.tgz", "--to", "./more", "--modes", "640"]).status == 2)
  }
}
