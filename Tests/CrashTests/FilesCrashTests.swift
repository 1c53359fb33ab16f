internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// Kills the real binary at every named point of a restore of files, looks at the live tree, and resumes.
@Suite(.serialized)
struct FilesCrashTests {
  /// The points inside the steps, and of the records of a run.
  private static func points(of run: TestProcess.Result, _ inside: [String]) -> [String] {
    CrashPointTests.points(of: run) + inside
  }

  /// Crashes at each point, and gives what is left to `check`; then resumes.
  private static func crash(
    at points: [String], _ arguments: [String], expecting status: Int32,
    prepare: (FilesScene) throws -> Void = { _ in }, check: (FilesScene, String) throws -> Void
  ) throws {
    for point in points {
      let scene = try FilesScene()
      try prepare(scene)
      let crashed = try scene.recover(arguments, environment: ["RECOVER_CRASH_AT": point])
      #expect(crashed.status == 137, "\(point) was not reached: \(crashed.errorText)")
      try check(scene, point)
      let resumed = try scene.recover(["resume", "last"])
      #expect(resumed.status == status, "\(point): \(resumed.errorText)\(resumed.outputText)")
      #expect(scene.exists("app.running"), "\(point): the service is not running")
      // Of a run that has ended nobody is left to remove it; it holds nobody up.
      #expect(!scene.exists("srv/.recover.lock") || point == "finished", "\(point)")
      try check(scene, point)
    }
  }

  private static let restore = ["files", "--from", "backup.tar.gz", "--to", "srv/", "--yes"]

  @Test("a crash at any point leaves each name wholly old or new, and the resume ends as an unbroken run")
  func everyPoint() throws {
    let scene = try FilesScene()
    let unbroken = try scene.recover(Self.restore + ["--json"])
    #expect(unbroken.status == 0, "\(unbroken.errorText)")
    let points = Self.points(
      of: unbroken,
      ["stage.made", "stage.extracted", "stage.synced"] + (1...4).map { "swap.exchanged:\($0)" })
    #expect(points.count > 35)
    try Self.crash(at: points, Self.restore, expecting: 0) { scene, point in
      let isOver = try scene.recover(["runs", "--json"]).outputText.contains("\"terminal\":true")
      for name in FilesScene.names {
        let isOld = try scene.isOld(name)
        let isNew = try scene.isNew(name)
        #expect(isOld || isNew, "\(point): \(name) is neither old nor new")
        if isOver { #expect(isNew, "\(point): \(name) is not the restored one") }
      }
      if isOver { #expect(try scene.leftovers().count == 1, "\(point)") }
    }
  }

  @Test("a crash at any point of a rollback is resumed to the live tree as it was")
  func everyUndoPoint() throws {
    let scene = try FilesScene()
    try scene.shell("rm healthy")
    let unbroken = try scene.recover(Self.restore + ["--json"])
    #expect(unbroken.status == 3, "\(unbroken.errorText)")
    let points = Self.points(of: unbroken, (5...8).map { "swap.exchanged:\($0)" }).drop { !$0.contains("failing") }
    #expect(points.count > 12)
    try Self.crash(
      at: Array(points), Self.restore, expecting: 3, prepare: { try $0.shell("rm healthy") }
    ) { scene, point in
      let isOver = try scene.recover(["runs", "--json"]).outputText.contains("\"terminal\":true")
      for name in FilesScene.names {
        let isOld = try scene.isOld(name)
        #expect(try isOld || scene.isNew(name), "\(point): \(name) is neither old nor new")
        if isOver { #expect(isOld, "\(point): \(name) is not what it was") }
      }
    }
  }

  @Test("a crash in the undo of a finished run is resumed to what was there before it")
  func undoCommand() throws {
    let points = [
      "before-step-intended.adopt", "adopt.renamed", "step-succeeded.adopt", "swap.exchanged:2", "step-succeeded.swap",
      "step-intended.retire",
    ]
    try Self.crash(
      at: points, ["undo", "last", "--yes"], expecting: 0,
      prepare: { scene in
        let restored = try scene.restore()
        #expect(restored.status == 0, "\(restored.errorText)")
      }
    ) { scene, point in
      let isOver = !(try scene.recover(["runs", "--json"]).outputText.contains("\"terminal\":false"))
      for name in FilesScene.names {
        let isOld = try scene.isOld(name)
        #expect(try isOld || scene.isNew(name), "\(point): \(name) is neither old nor new")
        if isOver { #expect(isOld, "\(point): \(name) is not what it was") }
      }
    }
  }
}

extension FilesScene {
  /// Whether a name stands for all of what it stood for in the beginning.
  func isOld(_ name: String) throws -> Bool { try holds("old", name) }

  /// Whether a name stands for all that the archive has of it.
  func isNew(_ name: String) throws -> Bool { try holds("new", name) }

  private func holds(_ side: String, _ name: String) throws -> Bool {
    let listing = "find \(name) -printf '%p %y %m %U:%G %l\\n' 2>/dev/null | LC_ALL=C sort"
    return try shell(
      """
      a=$(cd \(side); \(listing)); b=$(cd srv/; \(listing))
      if [ "$a" = "$b" ] && { [ -z "$a" ] || diff -r \(side)/\(name) srv/\(name) >/dev/null; }; then echo yes; fi
      """) == "yes\n"
  }
}
