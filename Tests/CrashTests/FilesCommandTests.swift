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
    #expect(try lab.files("absolute.tar", "--list").status == 0)
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
}
