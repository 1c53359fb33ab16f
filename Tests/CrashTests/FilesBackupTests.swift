internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// `recover backup files` by the real binary: made, checked, restored, killed, damaged.
@Suite(.serialized)
struct FilesBackupTests {
  /// A directory with a tree, a repository beside it, and a policy that allows fault injection.
  private final class Lab {
    let directory: String

    init() throws {
      var template = Array("/tmp/recover-backup-XXXXXX".utf8CString)
      guard unsafe mkdtemp(&template) != nil else { throw RecoverError.system(.unreachable, "can't make a directory") }
      directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
      try shell(
        """
        mkdir -p data/sub policies; printf hello > data/f; ln data/f data/sub/hard; ln -s f data/soft
        head -c 3000000 /dev/urandom > data/sub/large; printf last > data/z
        printf 'version: 1\\nenvironment: development\\ntrees:\\n  app: {path: %s/data}\\nrepository: %s/repo\\n' \
          "$PWD" "$PWD" > policies/environment.yaml
        """)
    }

    deinit { _ = try? TestProcess.run(["rm", "-rf", directory]) }

    func recover(_ arguments: [String], environment: [String: String] = [:]) throws -> TestProcess.Result {
      try TestProcess.run(
        [RecoverLab.binary] + arguments + ["--policy", "\(directory)/policies", "--state", "\(directory)/state"],
        environment: environment, directory: directory)
    }

    @discardableResult
    func shell(_ script: String) throws -> String {
      String(decoding: try TestProcess.output(["sh", "-ec", script], directory: directory), as: UTF8.self)
    }

    /// Makes a backup of the policy's tree, and gives its directory.
    func makeBackup() throws -> String {
      let result = try recover(["backup", "files", "--path", "app", "--json"])
      try #require(result.status == 0, "\(result.errorText)")
      let line = try #require(result.outputText.split(separator: "\n").first)
      return try #require(try JSONValue.decode(JSONValue.self, from: Array(line.utf8))["directory"]?.string)
    }

    func entries(_ path: String) throws -> [String] {
      try shell("[ ! -d \(path) ] || ls -A \(path)").split(separator: "\n").map(String.init)
    }
  }

  @Test("a backup is an ordinary archive, is listed, shown, checked and restored, and says what it is")
  func whole() throws {
    let lab = try Lab()
    let backup = try lab.makeBackup()
    #expect(backup.hasPrefix("\(lab.directory)/repo/files/app/"))
    try lab.shell("mkdir by-tar; tar -xzf \(backup)/app.tar.gz -C by-tar; diff -r --no-dereference data by-tar")
    let list = try lab.recover(["backup", "list"])
    #expect(list.outputText.contains("files") && list.outputText.contains("7 entries"), "\(list.outputText)")
    let show = try lab.recover(["backup", "show", "last", "--check"])
    #expect(show.status == 0 && show.outputText.contains("every file is as it was written"), "\(show.errorText)")
    let verified = try lab.recover(["files", "--from", backup, "--verify"])
    #expect(verified.outputText.contains("every file is what its manifest says"), "\(verified.errorText)")
    let restored = try lab.recover(["files", "--from", backup, "--to", "\(lab.directory)/ours"])
    #expect(restored.status == 0, "\(restored.errorText)")
    try lab.shell("diff -r --no-dereference data ours")
    try lab.shell("echo newer > data/f; echo new > data/new")
    let replaced = try lab.recover(["files", "--from", backup, "--to", "app", "--yes"])
    #expect(replaced.status == 0, "\(replaced.errorText)")
    try lab.shell("diff -r --no-dereference data ours")
    // A whole archive that is not the one which was backed up.
    try lab.shell("cp -a \(backup) \(backup)-kept; tar -czf \(backup)/app.tar.gz -C ours f")
    for target in ["app", "\(lab.directory)/other"] {
      let swapped = try lab.recover(["files", "--from", backup, "--to", target, "--yes"])
      #expect(swapped.status == 5, "\(swapped.errorText)")
      #expect(swapped.errorText.contains("is not what its manifest says"), "\(swapped.errorText)")
    }
    try lab.shell("test ! -e other; diff -r --no-dereference data ours; rm -r \(backup); mv \(backup)-kept \(backup)")
    // Without its manifest it is anybody's archive.
    try lab.shell("cp \(backup)/app.tar.gz alone.tar.gz")
    let alone = try lab.recover(["files", "--from", "\(lab.directory)/alone.tar.gz", "--verify"])
    #expect(alone.status == 0 && !alone.outputText.contains("manifest"), "\(alone.errorText)")
    let asDatabase = try lab.recover(["db", "--yes", "--from", backup, "--database", "postgres://127.0.0.1:1/x"])
    #expect(asDatabase.status == 5 && asDatabase.errorText.contains("a backup of files"), "\(asDatabase.errorText)")
  }

  @Test("the repository inside of the tree is left out, and the second backup has the very bytes of the first")
  func same() throws {
    let lab = try Lab()
    let first = try lab.recover(["backup", "files", "--path", ".", "--repository", "data/repo", "--name", "here"])
    #expect(first.status == 0 && first.outputText.contains("data/repo"), "\(first.outputText)\(first.errorText)")
    let second = try lab.recover(["backup", "files", "--path", ".", "--repository", "data/repo", "--name", "here"])
    #expect(second.status == 0, "\(second.errorText)")
    try lab.shell(
      "set -- data/repo/files/here/2*; cmp $1/here.tar.gz $2/here.tar.gz; cmp $1/here.files.gz $2/here.files.gz")
    let itself = try lab.recover(["backup", "files", "--path", "data/repo", "--repository", "data/repo"])
    #expect(itself.status == 1 && itself.errorText.contains("the repository itself"), "\(itself.errorText)")
  }

  @Test("what a restore has kept is no part of a backup, which can be restored in its place")
  func kept() throws {
    let lab = try Lab()
    try lab.shell("mkdir data/.recover-mine; printf mine > data/.recover-mine/f")
    let backup = try lab.makeBackup()
    let arguments = ["files", "--from", backup, "--to", "data/sub", "--yes"]
    #expect(try lab.recover(arguments).status == 0)
    #expect(try lab.shell("ls -A data/sub").contains(".recover-"))
    let again = try lab.recover(["backup", "files", "--path", "data/sub", "--repository", "repo", "--name", "sub"])
    #expect(again.status == 0, "\(again.errorText)")
    let names = try lab.shell("tar -tzf repo/files/sub/2*/sub.tar.gz")
    #expect(names.contains(".recover-mine/f") && names.split(separator: ".recover-").count == 3, "\(names)")
  }

  @Test("a file of a backup that was changed, cut or lost is named, with exit 5")
  func damaged() throws {
    let lab = try Lab()
    let backup = try lab.makeBackup()
    let damages: [(script: String, name: String)] = [
      ("printf x | dd of=app.tar.gz bs=1 seek=1500000 conv=notrunc", "app.tar.gz"),
      ("truncate -s -1 app.tar.gz", "app.tar.gz"), ("printf '\\0' >> app.tar.gz", "app.tar.gz"),
      ("sed -i 's/\"bytes\":1/\"bytes\":2/' app.tar.gz.index", "app.tar.gz.index"),
      ("rm app.files.gz", "app.files.gz"), ("printf x > manifest.json", "manifest.json"),
      ("sed -i 's/app.files.gz/..\\/files.gz/' manifest.json", "files"),
      // Another archive that is whole.
      ("tar -czf app.tar.gz -C \(lab.directory)/data .", "app.tar.gz"),
    ]
    for (script, name) in damages {
      try lab.shell("rm -rf copy; cp -r \(backup) copy; cd copy; \(script) 2>/dev/null")
      let copy = "\(lab.directory)/copy"
      for command in [["backup", "show", copy, "--check"], ["files", "--from", copy, "--verify"]] {
        let result = try lab.recover(command)
        #expect(
          result.status == 5 && result.errorText.contains(name), "\(script): \(result.errorText)\(result.outputText)")
      }
    }
  }

  @Test(
    "a backup that is killed is none; the list names it, and cleanup or the next one removes it",
    arguments: ["backup.begun", "backup.member:2", "backup.written", "backup.described"])
  func killed(point: String) throws {
    let lab = try Lab()
    for cleans in [true, false] {
      let dead = try lab.recover(["backup", "files", "--path", "app"], environment: ["RECOVER_CRASH_AT": point])
      #expect(dead.status == 128 + SIGKILL, "\(dead.errorText)")
      let left = try lab.entries("repo/files/app")
      #expect(left.count == 1 && left[0].hasPrefix(".partial-"), "\(left)")
      let list = try lab.recover(["backup", "list"])
      #expect(list.outputText.contains("unfinished: its writer is dead"), "\(list.outputText)")
      #expect(try lab.recover(["backup", "show", "last"]).status == 2)
      if cleans {
        let cleanup = try lab.recover(["cleanup", "--yes"])
        #expect(cleanup.status == 0, "\(cleanup.errorText)")
        #expect(try lab.entries("repo/files/app").isEmpty)
      } else {
        let backup = try lab.makeBackup()
        #expect(try lab.entries("repo/files/app").map { "\(lab.directory)/repo/files/app/\($0)" } == [backup])
      }
    }
  }

  @Test("a backup that is killed once it has its name is whole")
  func published() throws {
    let lab = try Lab()
    let dead = try lab.recover(
      ["backup", "files", "--path", "app"], environment: ["RECOVER_CRASH_AT": "backup.published"])
    #expect(dead.status == 128 + SIGKILL)
    #expect(try lab.recover(["backup", "show", "last", "--check"]).status == 0)
  }

  @Test("a full disk, a missing tree and a wrong pattern are said, and leave nothing")
  func refused() throws {
    let lab = try Lab()
    let missing = try lab.recover(["backup", "files", "--path", "./missing"])
    #expect(missing.status == 1 && missing.errorText.contains("missing"), "\(missing.errorText)")
    let file = try lab.recover(["backup", "files", "--path", "./data/f"])
    #expect(file.status == 1 && file.errorText.contains("is no directory"), "\(file.errorText)")
    #expect(try lab.recover(["backup", "files", "--path", "apq"]).errorText.contains("app"))
    #expect(try lab.recover(["backup", "files", "--path", "app", "--exclude", "#x"]).status == 2)
    #expect(try lab.recover(["backup", "files", "--path", "app", "--level", "10"]).status == 2)
    #expect(try lab.entries("repo").isEmpty)
    guard geteuid() == 0 else { return }
    try lab.shell("mkdir small; mount -t tmpfs -o size=1m tmpfs small")
    defer { _ = try? lab.shell("umount small") }
    let full = try lab.recover(["backup", "files", "--path", "app", "--repository", "small"])
    #expect(full.status == 1 && full.errorText.contains("no space"), "\(full.errorText)")
    #expect(try lab.entries("small/files/app").isEmpty)
  }
}
