internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// `recover files --to` into a directory that is there, with the real binary.
@Suite(.serialized)
struct FilesRecoveryTests {
  @Test("what the archive names is replaced, what it does not name is untouched, and the undo is exact, twice")
  func replaced() throws {
    let scene = try FilesScene()
    let before = try scene.picture()
    let plan = try scene.restore(["--plan"])
    #expect(plan.status == 0, "\(plan.errorText)")
    for text in ["data", "replaced", "new", "not touched: .git, compose.yml", "renameat2"] {
      #expect(plan.outputText.contains(text), "\(plan.outputText)")
    }
    #expect(try scene.picture() == before)
    #expect(try scene.leftovers().isEmpty)
    let result = try scene.restore()
    #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
    let after = try scene.picture()
    for name in FilesScene.names { #expect(try scene.shell("diff -r new/\(name) srv/\(name)").isEmpty) }
    #expect(try scene.picture("new/").filter { $0.hasPrefix("./data") } == after.filter { $0.hasPrefix("./data") })
    for name in ["compose.yml", ".git"] {
      #expect(after.filter { $0.contains("./\(name)") } == before.filter { $0.contains("./\(name)") })
    }
    #expect(try scene.leftovers().count == 1 && scene.exists("app.running"))
    for expected in [before, after, before] {
      let undone = try scene.recover(["undo", "last", "--yes"])
      #expect(undone.status == 0, "\(undone.errorText)\(undone.outputText)")
      #expect(try scene.picture() == expected)
      #expect(try scene.leftovers().count == 1)
    }
  }

  @Test("a run that fails its health check goes back, keeps what it restored, and starts the service")
  func unhealthy() throws {
    let scene = try FilesScene()
    let before = try scene.picture()
    try scene.shell("rm healthy")
    let result = try scene.restore()
    #expect(result.status == 3, "\(result.errorText)\(result.outputText)")
    #expect(result.outputText.contains("the restored files are kept in"), "\(result.outputText)")
    #expect(try scene.picture() == before)
    #expect(scene.exists("app.running"))
    #expect(try scene.shell("cat srv/.recover-*/tree/data/a") == "after")
  }

  @Test("a tree of the policy is replaced as a whole, with its owner; --mirror does the same for a path")
  func whole() throws {
    let scene = try FilesScene()
    try scene.shell("tar -C new/data -czf data.tar.gz .")
    let before = try scene.picture()
    let tree = try scene.recover(["files", "--from", "data.tar.gz", "--to", "data", "--yes"])
    #expect(tree.status == 0, "\(tree.errorText)\(tree.outputText)")
    #expect(try scene.shell("ls srv/data") == "a\nhard\nsoft\nsub\n")
    if geteuid() == 0 { #expect(try scene.shell("stat -c %u:%g srv/data srv/data/a") == "7:8\n7:8\n") }
    #expect(try scene.shell("stat -c %a srv/data") == "750\n")
    #expect(try scene.recover(["undo", "last", "--yes"]).status == 0)
    #expect(try scene.picture() == before)
    let nested = try scene.recover(["files", "--from", "backup.tar.gz", "--to", "srv/data", "--mirror", "--yes"])
    #expect(nested.status == 0, "\(nested.errorText)")
    #expect(try scene.shell("ls srv/data") == "VERSION\ndata\nlogs\nstate\n")
    try scene.shell("tar -C new -czf one.tar.gz data")
    #expect(try scene.recover(["undo", "last", "--yes"]).status == 0)
    let refused = try scene.recover(["files", "--from", "one.tar.gz", "--to", "data", "--yes"])
    #expect(refused.status == 1 && refused.errorText.contains("hardly meant"), "\(refused.errorText)")
    #expect(try scene.picture() == before)
  }

  @Test("cleanup keeps what is within its retention, and removes what is past it")
  func cleanup() throws {
    let scene = try FilesScene()
    #expect(try scene.restore().status == 0)
    let kept = try scene.recover(["cleanup", "--yes"])
    #expect(kept.status == 0 && kept.outputText.contains("previous files"), "\(kept.outputText)\(kept.errorText)")
    #expect(try scene.leftovers().count == 1)
    try scene.shell("sed -i 's/\"retainUntil\":[0-9]*/\"retainUntil\":1/' srv/.recover-*/note.json")
    let listed = try scene.recover(["cleanup"])
    #expect(listed.outputText.contains("past its retention"), "\(listed.outputText)")
    let removed = try scene.recover(["cleanup", "--tree", "srv", "--yes"])
    #expect(removed.status == 0, "\(removed.errorText)")
    #expect(try scene.leftovers().isEmpty)
    let undo = try scene.recover(["undo", "last", "--yes"])
    #expect(undo.status == 7 && undo.errorText.contains("not there any more"), "\(undo.errorText)")
  }

  @Test("a bad archive, a name twice, a link in the way: refused with 5 before anything stops")
  func refusedArchives() throws {
    let scene = try FilesScene()
    let before = try scene.picture()
    try scene.shell(
      """
      head -c 200 backup.tar.gz > cut.tar.gz
      tar -cf twice.tar -C new state; tar -rf twice.tar -C new state
      mkdir one two; ln -s /etc one/x; mkdir two/x; touch two/x/passwd
      tar -cf link.tar -C one x; tar -rf link.tar -C two x/passwd
      mkdir three; touch three/x; tar -cf file.tar -C three x; tar -rf file.tar -C two x
      tar -cf empty.tar -T /dev/null
      """)
    // It could not be stopped: nothing tries to.
    try scene.shell("sed -i 's/stop: .*/stop: \"exit 1\"/' policies/environment.yaml")
    for (name, text) in [
      ("cut.tar.gz", "compressed byte"), ("twice.tar", "twice"), ("link.tar", "no directory"),
      ("file.tar", "no directory"), ("empty.tar", "is empty"),
    ] {
      let result = try scene.recover(["files", "--from", name, "--to", "srv/", "--yes"])
      #expect(result.status == 5 && result.errorText.contains(text), "\(name): \(result.errorText)")
      guard name != "empty.tar" else { continue }
      for mode in ["--verify", "--list"] {
        let look = try scene.recover(["files", "--from", name, mode])
        #expect(look.status == 5 && look.errorText.contains(text), "\(name) \(mode): \(look.errorText)")
      }
    }
    #expect(try scene.picture() == before)
    #expect(try scene.leftovers().isEmpty)
  }

  @Test("a link to the target is resolved and said; one in the place of a directory is refused; a file is no target")
  func links() throws {
    let scene = try FilesScene()
    try scene.shell("ln -s srv current; mv srv/data elsewhere; ln -s ../elsewhere srv/data")
    let plan = try scene.recover(["files", "--from", "backup.tar.gz", "--to", "current", "--plan"])
    #expect(plan.outputText.contains("which is where \(scene.directory)/current leads to"), "\(plan.outputText)")
    let text = "is a link to \(scene.directory)/elsewhere"
    #expect(plan.status == 1 && plan.errorText.contains(text), "\(plan.errorText)")
    #expect(try scene.recover(["files", "--from", "backup.tar.gz", "--to", "srv/state", "--yes"]).status == 1)
    #expect(try scene.recover(["files", "--from", "backup.tar.gz", "--to", "dta", "--yes"]).status == 2)
    #expect(try scene.recover(["files", "--from", "backup.tar.gz", "--to", "./fresh", "--plan"]).status == 2)
    #expect(try scene.recover(["files", "--from", "backup.tar.gz", "--list", "--yes"]).status == 2)
    #expect(try scene.leftovers().isEmpty && !scene.exists("fresh"))
  }

  @Test("a target that another run holds, living or dead, is refused with 6")
  func claimed() throws {
    let scene = try FilesScene()
    let crashed = try scene.restore(environment: ["RECOVER_CRASH_AT": "step-succeeded.stage"])
    #expect(crashed.status == 137, "\(crashed.errorText)")
    #expect(try scene.restore().status == 6)
    // From another state directory, and for the tree itself.
    for target in ["srv/", "data"] {
      let other = try scene.recover(["files", "--from", "backup.tar.gz", "--to", target, "--yes"], state: "other")
      #expect(other.status == 6 && other.errorText.contains("claimed by run"), "\(other.errorText)")
    }
    let holder = try TestProcess(
      ["flock", "--no-fork", "srv/.recover.lock", "sh", "-c", "echo locked; exec sleep 600"], directory: scene.directory
    )
    while !holder.outputSoFar.contains("locked") { sched_yield() }
    let locked = try scene.recover(["resume", "last"])
    #expect(locked.status == 6 && locked.errorText.contains("is locked by"), "\(locked.errorText)")
    holder.signal(SIGKILL)
    _ = holder.wait()
    #expect(try scene.recover(["cancel", "last"]).status == 3)
    #expect(try scene.leftovers().isEmpty && scene.exists("app.running"))
  }

  @Test(
    "a disk that is too small is refused with 1, one that fills up meanwhile is rolled back with 3",
    .enabled(if: SmallDisk.canMount, "a small file system can't be mounted here"))
  func diskFull() throws {
    let disk = try SmallDisk(megabytes: 6, owner: "root")
    let scene = try FilesScene(
      at: disk.path, stop: "; head -c 9999999 /dev/zero > \(disk.path)/fill || true", start: "rm -f \(disk.path)/fill; "
    )
    let before = try scene.picture()
    try scene.shell("head -c 3000000 /dev/urandom > new/data/large; tar -C new -czf some.tar.gz data")
    try scene.shell("head -c 30000000 /dev/zero > new/data/large; tar -C new -czf large.tar.gz data")
    let refused = try scene.recover(["files", "--from", "large.tar.gz", "--to", "srv/", "--yes"])
    #expect(refused.status == 1 && refused.errorText.contains("were free"), "\(refused.errorText)")
    let filled = try scene.recover(["files", "--from", "some.tar.gz", "--to", "srv/", "--yes"])
    #expect(filled.status == 3, "\(filled.errorText)\(filled.outputText)")
    #expect(try scene.picture() == before)
    #expect(try scene.leftovers().isEmpty && scene.exists("app.running"))
  }

  @Test(
    "a mount point as the target is served name by name, one among the names or below them is refused",
    .enabled(if: SmallDisk.canMount, "a small file system can't be mounted here"))
  func mounts() throws {
    let disk = try SmallDisk(megabytes: 6, owner: "root")
    let scene = try FilesScene()
    try scene.shell("cp -a srv/. \(disk.path)/")
    let target = disk.path
    let first = try scene.recover(["files", "--from", "backup.tar.gz", "--to", target, "--yes"])
    #expect(first.status == 0, "\(first.errorText)\(first.outputText)")
    #expect(try scene.shell("cat \(target)/data/a \(target)/compose.yml") == "afterkeep")
    #expect(try scene.recover(["undo", "last", "--yes"]).status == 0)
    let mirrored = try scene.recover(["files", "--from", "backup.tar.gz", "--to", target, "--mirror", "--yes"])
    #expect(mirrored.status == 0, "\(mirrored.errorText)\(mirrored.outputText)")
    #expect(try scene.shell("ls \(target)") == "VERSION\ndata\nlogs\nstate\n")
    #expect(try scene.recover(["undo", "last", "--yes"]).status == 0)
    #expect(try scene.shell("ls -A \(target) | grep -v '^[.]recover'") == ".git\ncompose.yml\ndata\nstate\n")
    for place in ["srv/data", "srv/data/old"] {
      try scene.shell("mount --bind new \(place)")
      defer { _ = try? scene.shell("umount \(place)") }
      let refused = try scene.restore()
      #expect(refused.status == 1 && refused.errorText.contains("mount point"), "\(refused.errorText)")
    }
    #expect(try scene.leftovers().isEmpty)
  }
}
