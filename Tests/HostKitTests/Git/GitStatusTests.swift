internal import RecoverBase
internal import Testing

@testable internal import HostKit

struct GitStatusTests {
  private func parse(_ records: [String]) throws -> GitStatus {
    var parser = GitStatusParser()
    for record in records { try parser.take(Array(record.utf8)) }
    return parser.status
  }

  @Test("a branch, a detached HEAD and a repository without a commit are told apart")
  func heads() throws {
    let commit = "90fb26f1c4a0e5d7aa11bb22cc33dd44ee55ff66"
    let onBranch = try parse(["# branch.oid \(commit)", "# branch.head main"])
    #expect(onBranch == GitStatus(commit: commit, branch: "main"))
    #expect(try parse(["# branch.oid \(commit)", "# branch.head (detached)"]) == GitStatus(commit: commit))
    #expect(try parse(["# branch.oid (initial)", "# branch.head main"]) == GitStatus(branch: "main"))
  }

  @Test("changes, renames, conflicts and submodules are counted, and paths may hold spaces")
  func changes() throws {
    let zero = String(repeating: "0", count: 40)
    let status = try parse([
      "1 .M N... 100644 100644 100644 \(zero) \(zero) a file.txt",
      "2 R. N... 100644 100644 100644 \(zero) \(zero) R100 new name", "old name",
      "u UU N... 100644 100644 100644 100644 \(zero) \(zero) \(zero) fight.txt",
      "1 .M SC.. 160000 160000 160000 \(zero) \(zero) vendor/lib", "? untracked",
    ])
    #expect(status.changeCount == 3)
    #expect(status.unmergedCount == 1)
    #expect(status.changedPaths == ["a file.txt", "new name", "fight.txt", "vendor/lib"])
    #expect(status.changedSubmodules == ["vendor/lib"])
    #expect(!status.isClean)
  }

  @Test("only the first paths are kept, and all are counted")
  func many() throws {
    let zero = String(repeating: "0", count: 40)
    let status = try parse((0..<1000).map { "1 .M N... 100644 100644 100644 \(zero) \(zero) file\($0)" })
    #expect(status.changedPaths.count == GitStatus.pathLimit)
    #expect(status.changesText == "file0, file1, file2, file3, file4 and 995 more")
  }

  @Test("a record that the format does not have is an error, and not a clean tree")
  func unknown() throws {
    #expect(throws: RecoverError.self) { try parse(["M  a"]) }
  }
}
