internal import Glibc
internal import RecoverTestSupport
internal import Testing

/// Whoever holds what a restore of files replaces, with the real binary.
@Suite(.serialized)
struct FilesHoldersTests {
  /// A process that has taken something into its hands, and goes on until it is killed.
  private static func holder(_ script: String, in scene: FilesScene, _ prefix: [String] = []) throws -> TestProcess {
    let holder = try TestProcess(
      prefix + ["sh", "-ec", "\(script); echo ready; exec sleep 600"], directory: scene.directory)
    while !holder.outputSoFar.contains("ready") { sched_yield() }
    return holder
  }

  private static func end(_ holder: TestProcess) {
    holder.signal(SIGKILL)
    _ = holder.wait()
  }

  @Test("a shell that works in it, and an open file, are named and refused before anything is written")
  func refused() throws {
    let scene = try FilesScene()
    try scene.shell("mkdir other; cp -a srv other/srv")
    let arguments = ["files", "--from", "backup.tar.gz", "--to", "other/srv", "--yes"]
    for (script, text) in [
      ("cd other/srv/data/old", "works in \(scene.directory)/other/srv/data/old"),
      ("exec 3<other/srv/state", "has \(scene.directory)/other/srv/state open"),
    ] {
      let holder = try Self.holder(script, in: scene)
      let refused = try scene.recover(arguments)
      #expect(
        refused.status == 1 && refused.errorText.contains(text) && refused.errorText.contains("(sleep)"),
        "\(refused.errorText)")
      Self.end(holder)
    }
    #expect(try scene.shell("cat other/srv/data/a; ls -A other/srv") == "before.git\ncompose.yml\ndata\nstate\n")
    // What is not replaced may be held; and what is, once that was said.
    let harmless = try Self.holder("cd other/srv/.git", in: scene)
    let shell = try Self.holder("cd other/srv/data", in: scene)
    let allowed = try scene.recover(arguments + ["--allow-holders"])
    #expect(allowed.status == 0, "\(allowed.errorText)\(allowed.outputText)")
    #expect(try scene.shell("cat other/srv/data/a") == "after")
    Self.end(shell)
    Self.end(harmless)
  }

  @Test("where a service stops, who holds it then still makes the run end without a change")
  func afterStop() throws {
    let scene = try FilesScene()
    let before = try scene.picture()
    let holder = try Self.holder("cd srv/data", in: scene)
    let plan = try scene.restore(["--plan"])
    #expect(plan.status == 0 && plan.outputText.contains("(sleep) works in"), "\(plan.outputText)\(plan.errorText)")
    let result = try scene.restore()
    #expect(result.status == 3 && result.errorText.contains("(sleep) works in"), "\(result.errorText)")
    #expect(try scene.picture() == before)
    #expect(try scene.leftovers().isEmpty && scene.exists("app.running"))
    Self.end(holder)
    #expect(try scene.restore().status == 0)
  }

  @Test(
    "a mount of it in another namespace is named, with a process there",
    .enabled(if: SmallDisk.canMount, "nothing can be mounted here"))
  func namespaces() throws {
    let scene = try FilesScene()
    try scene.shell("mkdir other place; cp -a srv other/srv")
    let arguments = ["files", "--from", "backup.tar.gz", "--to", "other/srv", "--yes"]
    let holder = try Self.holder(
      "mount --make-rprivate /; mount --bind other/srv/data place; cd place/old", in: scene, ["unshare", "-m"])
    let refused = try scene.recover(arguments)
    for text in ["it is mounted at \(scene.directory)/place", "works in \(scene.directory)/place/old", "(sleep)"] {
      #expect(refused.status == 1 && refused.errorText.contains(text), "\(refused.errorText)")
    }
    Self.end(holder)
    // A mount of what the names are in sees the exchange.
    let harmless = try Self.holder(
      "mount --make-rprivate /; mount --bind other place", in: scene, ["unshare", "-m"])
    #expect(try scene.recover(arguments).status == 0)
    Self.end(harmless)
  }
}
