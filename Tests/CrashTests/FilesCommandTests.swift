internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// What `recover files` says of archives that GNU tar made, and how it exits.
@Suite(.serialized)
struct FilesCommandTests {
  /// A directory of the test's own with `a.tar`, `a.tar.gz` and `a.tar.zst`.
  private final class Lab {
    let directory: String

    init() throws {
      var template = Array("/tmp/recover-files-XXXXXX".utf8CString)
      guard unsafe mkdtemp(&template) != nil else { throw RecoverError.system(.unreachable, "can't make a directory") }
      directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      try TestProcess.output(
        [
          "sh", "-ec",
          """
          mkdir -p tree/d; printf hello > tree/d/f; ln -s f tree/d/soft; ln tree/d/f tree/hard; chmod 4755 tree/d/f
          tar --format=posix --sort=name -cf a.tar tree; gzip -k a.tar; zstd -q a.tar
          tar -cPf absolute.tar "$PWD/tree/d"
          """,
        ], directory: directory)
    }

    deinit { _ = try? TestProcess.run(["rm", "-rf", directory]) }

    func files(_ archive: String, _ arguments: String...) throws -> TestProcess.Result {
      try TestProcess.run([RecoverLab.binary, "files", "--from", archive] + arguments, directory: directory)
    }

    func entries() throws -> [String] {
      String(decoding: try TestProcess.output(["ls", "-A", directory], environment: ["LC_ALL": "C"]), as: UTF8.self)
        .split(separator: "\n").map(String.init)
    }

    func cut(_ name: String, by bytes: Int) throws {
      try TestProcess.output(["truncate", "-s", "-\(bytes)", name], directory: directory)
    }
  }

  @Test("an archive is listed and verified in each compression", arguments: ["a.tar", "a.tar.gz", "a.tar.zst"])
  func whole(name: String) throws {
    let lab = try Lab()
    let list = try lab.files(name, "--list")
    #expect(list.status == 0, "\(list.errorText)")
    let lines = list.outputText.split(separator: "\n")
    #expect(lines.count == 5)
    #expect(lines.contains { $0.hasPrefix("-rwsr-xr-x ") && $0.hasSuffix(" tree/d/f") })
    #expect(lines.contains { $0.hasSuffix(" tree/d/soft -> f") })
    #expect(lines.contains { $0.hasSuffix(" tree/hard link to tree/d/f") })
    let verdict = try lab.files(name, "--verify", "--json")
    #expect(verdict.status == 0)
    let rows = try verdict.outputText.split(separator: "\n")
      .map { try JSONValue.decode(JSONValue.self, from: Array($0.utf8)) }
    let file = try #require(rows.first { $0["name"]?.string == "tree/d/f" })
    #expect(file["sha256"]?.string == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")
    let archive = try #require(rows.first { $0["kind"]?.string == "archive" })
    let sum = String(decoding: try TestProcess.output(["sha256sum", "\(lab.directory)/\(name)"]), as: UTF8.self)
    #expect(archive["sha256"]?.string == String(sum.prefix(64)))
    #expect(rows.last?["exit"]?.integer == 0)
  }

  @Test("a cut archive is refused with exit 5 and the place; so are names that lead out, and a small budget")
  func refused() throws {
    let lab = try Lab()
    // All of it is listed, and then refused.
    let list = try lab.files("absolute.tar", "--list")
    #expect(list.status == 5 && list.outputText.contains("\(lab.directory)/tree/d/f"), "\(list.outputText)")
    let absolute = try lab.files("absolute.tar", "--verify")
    #expect(absolute.status == 5 && absolute.errorText.contains("it is absolute"), "\(absolute.errorText)")
    let budget = try lab.files("a.tar", "--verify", "--max-bytes", "4")
    #expect(budget.status == 5 && budget.errorText.contains("tree/d/f"), "\(budget.errorText)")
    #expect(try lab.files("a.tar", "--verify", "--max-entries", "2").status == 5)
    for (name, bytes, text) in [("a.tar", 8192, "at tar byte"), ("a.tar.gz", 9, "compressed byte")] {
      try lab.cut(name, by: bytes)
      let cut = try lab.files(name, "--verify")
      #expect(cut.status == 5 && cut.errorText.contains(text), "\(cut.errorText)")
    }
  }

  @Test("what is to be done must be said, and the archive must be there")
  func usage() throws {
    let lab = try Lab()
    #expect(try lab.files("a.tar").status == 2)
    #expect(try lab.files("a.tar", "--list", "--verify").status == 2)
    #expect(try lab.files("a.tar", "--verify", "--max-bytes", "-1").status == 2)
    #expect(try lab.files("nothing.tar", "--list").status == 1)
  }

  @Test("a new directory is what the archive says, and --diff names each difference")
  func restored() throws {
    let lab = try Lab()
    let result = try lab.files("a.tar.gz", "--to", "new", "--json")
    #expect(result.status == 0, "\(result.errorText)")
    let rows = try result.outputText.split(separator: "\n")
      .map { try JSONValue.decode(JSONValue.self, from: Array($0.utf8)) }
    #expect(rows.first?["files"]?.integer == 1 && rows.first?["links"]?.integer == 2)
    // The setuid bit was not asked for, and that is said.
    #expect(rows.first?["losses"]?["privilege"]?["count"]?.integer == 1)
    let diff = try lab.files("a.tar.gz", "--diff", "new")
    #expect(
      diff.status == 5 && diff.outputText.contains("tree/d/f: has mode 0755 instead of 4755"), "\(diff.outputText)")
    #expect(try lab.files("a.tar", "--to", "all", "--keep-setuid").status == 0)
    #expect(try lab.files("a.tar", "--diff", "all").status == 0)
    #expect(try lab.entries() == ["a.tar", "a.tar.gz", "a.tar.zst", "absolute.tar", "all", "new", "tree"])
  }

  @Test("a directory that is there, a cut archive, a missing parent: refused, and nothing is left behind")
  func refusedRestore() throws {
    let lab = try Lab()
    let there = try lab.files("a.tar", "--to", "./tree", "--no-input")
    #expect(there.status == 7 && there.errorText.contains("was not confirmed"), "\(there.errorText)")
    #expect(try lab.files("a.tar", "--to", "missing/new").status == 1)
    #expect(try lab.files("absolute.tar", "--to", "new").status == 5)
    #expect(try lab.files("a.tar", "--to", "new", "--max-bytes", "1").status == 5)
    try lab.cut("a.tar.gz", by: 3)
    #expect(try lab.files("a.tar.gz", "--to", "new").status == 5)
    for wrong in ["nobody", "1:2:3", "1000"] {
      #expect(try lab.files("a.tar", "--to", "new", "--owner", wrong).status == 2)
    }
    #expect(try lab.files("a.tar", "--to", "new", "--map-user", "1").status == 2)
    #expect(try lab.files("a.tar", "--list", "--owner", "self").status == 2)
    #expect(try lab.entries() == ["a.tar", "a.tar.gz", "a.tar.zst", "absolute.tar", "tree"])
  }

  @Test("what a killed restore left is removed by the next one, unless somebody still works on it")
  func abandoned() throws {
    let lab = try Lab()
    try TestProcess.output(
      [
        "sh", "-ec",
        "mkdir -p .new.recover-dead/sub .new.recover-alive .other.recover-x; touch .new.recover-dead/sub/f",
      ],
      directory: lab.directory)
    let holder = try TestProcess(
      ["flock", ".new.recover-alive", "sh", "-c", "echo locked; exec sleep 600"], directory: lab.directory)
    while !holder.outputSoFar.contains("locked") { sched_yield() }
    let result = try lab.files("a.tar", "--to", "new")
    #expect(result.status == 0 && result.outputText.contains("removed \(lab.directory)/.new.recover-dead"))
    #expect(try lab.entries().filter { $0.hasPrefix(".") } == [".new.recover-alive", ".other.recover-x"])
  }

  @Test("an ordinary user is told before anything is written what only root can do")
  func ordinaryUser() throws {
    guard geteuid() == 0 else { return }
    let lab = try Lab()
    try TestProcess.output(["sh", "-ec", "chmod 755 .; mkdir work; chown daemon work"], directory: lab.directory)
    func restore(_ more: String...) throws -> TestProcess.Result {
      try TestProcess.run(
        [RecoverLab.binary, "files", "--from", "../a.tar", "--to", "new"] + more, user: .named("daemon"),
        directory: "\(lab.directory)/work")
    }
    let refused = try restore()
    #expect(refused.status == 1 && refused.errorText.contains("--owner self"), "\(refused.errorText)")
    #expect(try TestProcess.output(["ls", "-A", "\(lab.directory)/work"]).isEmpty)
    let own = try restore("--owner", "self")
    #expect(own.status == 0, "\(own.errorText)")
  }
}
