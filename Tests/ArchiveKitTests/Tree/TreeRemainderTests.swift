internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import ArchiveKit

@Suite("trees: what a restore does not bring")
struct TreeRemainderTests {
  private static func names(_ paths: [String]) -> RestoredNames {
    var names = RestoredNames()
    let archive = TarBuilder.archive { tar in
      for path in paths {
        var header = TarBuilder.Header(path)
        if path.hasSuffix("/") { header.typeflag = "5" }
        tar.add(header)
      }
    }
    for read in (try? TarReading.members(archive)) ?? [] { names.add(read.member) }
    return names
  }

  private static func shell(_ script: String, _ scratch: ScratchDirectory) throws {
    try TestProcess.output(["sh", "-ec", script], directory: scratch.path)
  }

  /// Walks through `d`, and gives what it was refused for.
  private static func walk(
    _ scratch: ScratchDirectory, beside paths: [String], allowsChange: Bool = false,
    visit: (TreePath, TreeRemainder.Event) throws -> Void
  ) -> RecoverError? {
    do {
      let remainder = try TreeRemainder(scratch.path, beside: names(paths))
      try remainder.walk(TreePath(parts: [Array("d".utf8)]), allowsChange: allowsChange, Interruption()) {
        path, _, event in try visit(path, event)
      }
      return nil
    } catch {
      return error as? RecoverError
    }
  }

  @Test("what both have is passed over, also where the archive names a directory only by what is in it")
  func walked() throws {
    let scratch = try ScratchDirectory()
    try Self.shell("mkdir -p d/own/x d/sub; touch d/a d/b d/sub/c d/sub/e d/own/x/y; ln -s a d/soft", scratch)
    var seen: Set<String> = []
    let error = Self.walk(scratch, beside: ["d/a", "d/soft", "d/sub/c", "other"]) { path, event in
      switch event {
      case .enter(isRestored: true): seen.insert("\(path)/=")
      case .enter(isRestored: false): seen.insert("\(path)/")
      case .entry: seen.insert("\(path)")
      case .leave: break
      }
    }
    #expect(error == nil, "\(error?.message ?? "")")
    #expect(seen == ["d/=", "d/b", "d/own/", "d/own/x/", "d/own/x/y", "d/sub/=", "d/sub/e"])
  }

  @Test("a directory where the archive has something else is refused by name")
  func conflict() throws {
    let scratch = try ScratchDirectory()
    try Self.shell("mkdir -p d/a", scratch)
    let error = Self.walk(scratch, beside: ["d/a"]) { _, _ in }
    #expect(error?.code == .missingRequirement && error?.message.contains("d/a is a directory") == true)
  }

  @Test("what vanishes while services may still run is passed over, and is an error once they have stopped")
  func vanished() throws {
    for allowsChange in [true, false] {
      let scratch = try ScratchDirectory()
      try Self.shell("mkdir -p d; touch d/a d/b d/c", scratch)
      var count = 0
      let error = Self.walk(scratch, beside: ["d/"], allowsChange: allowsChange) { path, event in
        guard case .entry = event else { return }
        count += 1
        try Self.shell("ls d/* | grep -v '^\(path)$' | xargs rm", scratch)
      }
      #expect(error?.code == (allowsChange ? nil : .busy), "\(error?.message ?? "")")
      #expect(count == 1)
    }
  }
}
