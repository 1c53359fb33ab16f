internal import Glibc
internal import RecoverTestSupport
internal import Testing

/// `recover files --overlay`, with the real binary.
@Suite(.serialized)
struct FilesOverlayTests {
  /// What the live `data` has and the archive lacks: every kind, names that are no UTF-8, links among them.
  private static func furnish(_ scene: FilesScene) throws {
    try scene.shell(
      """
      cd srv/data; mkdir -p sub/deep own/empty; printf kept > sub/deep/k; ln sub/deep/k own/other; printf x > own/x
      ln -s nowhere own/soft; mkfifo own/pipe; printf b > "own/$(printf '\\377')"; chmod 4711 own/x; chmod 1750 own
      truncate -s 1M own/holes; printf end >> own/holes; printf old > sub/s
      if [ "$(id -u)" = 0 ]; then chown 7:8 own/x; chown -h 9:9 own/soft; chown 11:12 own; fi
      setfattr -n user.note -v here own/x 2>/dev/null || true
      touch -h -d @5 own/soft; touch -d @6 own/x sub/deep/k own/pipe; touch -d @9 own/empty sub/deep own
      """)
  }

  private static let kept = ["old", "own", "sub/deep"]

  private static func picture(_ scene: FilesScene, of names: [String]) throws -> String {
    try scene.shell(
      """
      cd srv/data; find \(names.joined(separator: " ")) -printf '%p %y %m %U:%G %T@ %n %s %l\\n' | LC_ALL=C sort
      find \(names.joined(separator: " ")) -type f -exec sha256sum {} + | LC_ALL=C sort -k 2
      getfattr -d own/x 2>/dev/null || true; test own/other -ef sub/deep/k
      """)
  }

  @Test("what the archive lacks stays as it was, what it has is replaced, and the undo is exact")
  func stays() throws {
    let scene = try FilesScene()
    try Self.furnish(scene)
    let before = try scene.picture()
    let kept = try Self.picture(scene, of: Self.kept)
    let plan = try scene.restore(["--overlay", "--plan"])
    #expect(
      plan.status == 0 && plan.outputText.contains("that the archive lacks: "), "\(plan.outputText)\(plan.errorText)")
    let result = try scene.restore(["--overlay", "--yes"])
    #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
    #expect(try Self.picture(scene, of: Self.kept) == kept)
    #expect(try scene.shell("cat srv/data/a srv/data/hard srv/data/sub/s srv/state") == "afterafters2")
    // Directories of the archive have its modes and times, whatever was copied into them.
    let times = "stat -c '%a %Y' data data/sub logs"
    #expect(try scene.shell("cd srv; \(times)") == scene.shell("cd new; \(times)"))
    // Copies share nothing that writing would change.
    try scene.shell("printf more >> srv/data/sub/deep/k")
    #expect(try scene.shell("cat srv/.recover-*/tree/data/sub/deep/k") == "kept")
    try scene.shell("truncate -s 4 srv/data/sub/deep/k")
    #expect(try scene.recover(["undo", "last", "--yes"]).status == 0)
    #expect(try scene.picture() == before)
  }

  @Test("parts of an archive, a tree of the policy, and a directory that the archive only has members in")
  func parts() throws {
    let scene = try FilesScene()
    try Self.furnish(scene)
    let kept = try Self.picture(scene, of: Self.kept)
    try scene.shell("chmod 711 srv/data; touch -d @77 srv/data; tar -C new -czf one.tgz data/a data/sub/s")
    let part = try scene.recover([
      "files", "--from", "one.tgz", "--to", "srv", "--include", "data/a", "--overlay", "--yes",
    ])
    #expect(part.status == 0, "\(part.errorText)\(part.outputText)")
    #expect(try scene.shell("cd srv/data; cat a sub/s; stat -c '%a %Y' .") == "afterold711 77\n")
    #expect(try Self.picture(scene, of: Self.kept) == kept)
    try scene.shell("tar -C new/data -czf data.tgz .; printf mine > srv/data/.recover-notes.txt")
    let tree = try scene.recover(["files", "--from", "data.tgz", "--to", "data", "--overlay", "--yes"])
    #expect(tree.status == 0, "\(tree.errorText)\(tree.outputText)")
    #expect(try scene.shell("cd srv/data; cat a sub/s .recover-notes.txt; stat -c '%a' .") == "aftersmine750\n")
    #expect(try Self.picture(scene, of: Self.kept) == kept)
    #expect(try scene.recover(["files", "--from", "data.tgz", "--to", "data", "--overlay", "--mirror"]).status == 2)
    #expect(try scene.recover(["files", "--from", "data.tgz", "--to", "./fresh", "--overlay"]).status == 2)
    // What can't stay is named before anything stops.
    try scene.shell("mv srv/data/sub srv/elsewhere; ln -s ../elsewhere srv/data/sub")
    let link = try scene.restore(["--overlay", "--yes"])
    #expect(link.status == 1 && link.errorText.contains("srv/data/sub is a symbolic link"), "\(link.errorText)")
    try scene.shell("rm srv/data/sub; mv srv/elsewhere srv/data/sub")
    try scene.shell("rm srv/data/a; mkdir srv/data/a; sed -i 's/stop: .*/stop: \"exit 1\"/' policies/environment.yaml")
    let conflict = try scene.restore(["--overlay", "--yes"])
    #expect(conflict.status == 1 && conflict.errorText.contains("srv/data/a is a directory"), "\(conflict.errorText)")
  }

  @Test(
    "what is changed once it was copied is noticed, also right in the exchange, and nothing is lost",
    arguments: ["step-succeeded.overlay", "step-intended.swap", "swap.exchanged:2"])
  func changed(point: String) throws {
    let scene = try FilesScene()
    try Self.furnish(scene)
    let crashed = try scene.restore(["--overlay", "--yes"], environment: ["RECOVER_CRASH_AT": point])
    #expect(crashed.status == 137, "\(crashed.errorText)")
    // VERSION and `data` have changed places at the last of these: the old tree is in the run's directory by then.
    let data = point == "swap.exchanged:2" ? "srv/.recover-*/tree/data" : "srv/data"
    try scene.shell("x=$(echo \(data)/own/x); printf later >> $x; test $(tail -c 5 $x) = later")
    let before = try scene.shell("cd \(data); find . -printf '%p %y %m %U:%G %s %T@\\n' | LC_ALL=C sort")
    let resumed = try scene.recover(["resume", "last"])
    #expect(resumed.status == 3 && resumed.errorText.contains("own/x"), "\(resumed.errorText)")
    #expect(try scene.shell("cd srv/data; find . -printf '%p %y %m %U:%G %s %T@\\n' | LC_ALL=C sort") == before)
    #expect(scene.exists("app.running"))
    // What went live for a moment is kept, with what may have been written to it.
    #expect(try scene.leftovers().isEmpty == (point == "step-succeeded.overlay"))
  }

  @Test("a crash while it is copied is resumed to the same end", arguments: ["overlay.copied", "overlay.recorded"])
  func crashed(point: String) throws {
    let scene = try FilesScene()
    try Self.furnish(scene)
    let kept = try Self.picture(scene, of: Self.kept)
    let crashed = try scene.restore(["--overlay", "--yes"], environment: ["RECOVER_CRASH_AT": point])
    #expect(crashed.status == 137, "\(crashed.errorText)")
    let resumed = try scene.recover(["resume", "last"])
    #expect(resumed.status == 0, "\(resumed.errorText)\(resumed.outputText)")
    #expect(try Self.picture(scene, of: Self.kept) == kept)
    #expect(try scene.shell("cat srv/data/a srv/data/sub/s") == "afters")
  }
}
