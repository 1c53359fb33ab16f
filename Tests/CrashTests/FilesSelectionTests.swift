internal import RecoverTestSupport
internal import Testing

/// Parts of an archive, with the real binary.
@Suite(.serialized)
struct FilesSelectionTests {
  @Test("parts of an archive are listed as they would be restored, into a new directory and into what is there")
  func parts() throws {
    let scene = try FilesScene()
    let before = try scene.picture()
    func files(_ more: String...) throws -> TestProcess.Result {
      try scene.recover(["files", "--from", "backup.tar.gz"] + more)
    }
    let list = try files("--list", "--include", "data", "--exclude", "soft", "--strip-components", "1", "--json")
    let names = list.outputText.split(separator: "\n").compactMap { line in
      line.split(separator: "\"name\":\"").dropFirst().first?.prefix { $0 != "\"" }
    }
    #expect(list.status == 0 && Set(names) == [".", "a", "sub", "sub/s", "hard"], "\(list.errorText)\(names)")
    let fresh = try files("--to", "./fresh", "--include", "data", "--exclude", "soft", "--strip-components", "1")
    #expect(fresh.status == 0, "\(fresh.errorText)")
    #expect(try scene.shell("ls fresh; stat -c %a fresh; cat fresh/hard") == "a\nhard\nsub\n750\nafter")
    // A pattern that matches nothing: before anything stops, and nothing is left behind.
    for target in ["./other", "srv/"] {
      let refused = try files("--to", target, "--include", "dta", "--yes")
      #expect(refused.status == 2 && refused.errorText.contains("'dta'"), "\(refused.errorText)")
    }
    #expect(!scene.exists("other") && scene.exists("app.running"))
    #expect(try files("--verify", "--include", "data").status == 2)
    #expect(try scene.picture() == before)
    let plan = try files("--to", "srv/", "--include", "/logs", "--include", "/state", "--plan")
    #expect(
      plan.outputText.contains("only '/logs', '/state'") && plan.outputText.contains("members are left out"),
      "\(plan.outputText)\(plan.errorText)")
    #expect(plan.outputText.contains("not touched: .git, compose.yml, data"), "\(plan.outputText)")
    let result = try files("--to", "srv/", "--include", "/logs", "--include", "/state", "--yes")
    #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
    #expect(try scene.shell("cat srv/state srv/logs/l srv/data/a") == "2logbefore")
    #expect(!scene.exists("srv/VERSION"))
    #expect(try scene.recover(["undo", "last", "--yes"]).status == 0)
    #expect(try scene.picture() == before)
  }

  @Test("leaving out a part of what is replaced as a whole is refused, unless it was said that the rest may vanish")
  func torn() throws {
    let scene = try FilesScene()
    let before = try scene.picture()
    try scene.shell("sed -i 's/stop: .*/stop: \"exit 1\"/' policies/environment.yaml; tar -C new/data -czf data.tgz .")
    for (archive, target) in [("backup.tar.gz", "srv/"), ("data.tgz", "data")] {
      let refused = try scene.recover(["files", "--from", archive, "--to", target, "--exclude", "sub", "--yes"])
      #expect(
        refused.status == 1 && refused.errorText.contains("srv/data is replaced as a whole"), "\(refused.errorText)")
    }
    #expect(try scene.picture() == before)
    let arguments = ["files", "--from", "data.tgz", "--to", "srv/data", "--exclude", "sub", "--mirror", "--plan"]
    let mirror = try scene.recover(arguments)
    #expect(
      mirror.status == 0 && mirror.outputText.contains("will not be in \(scene.directory)/srv/data any more"),
      "\(mirror.outputText)\(mirror.errorText)")
  }
}
