internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import ArchiveKit

@Suite("packing trees", .serialized)
struct TreePackerTests {
  /// What a random tree has not.
  private static let rich = """
    cd tree; printf hello > f; ln f hard; mkdir -p sub/deep; ln f sub/deep/hard; ln -s f soft; ln soft sub/soft
    truncate -s 3M hole; printf end >> hole; truncate -s 4M hole; truncate -s 1M empty-hole
    printf 'with holes' > both; truncate -s 2M both; printf more >> both
    setfattr -n user.plain -v value f; setfattr -n 'user.a=b' -v '' sub
    setfacl -m u:1234:rw,g:0:r f; setfacl -d -m u:1234:rwx sub
    chmod 4755 f; chmod 2770 sub; touch -d '@1.000000001' sub/deep; touch -d '@9000000000.5' both
    [ $(id -u) != 0 ] || { mknod c c 1 3; mknod b b 259 70000; chown 3000000:2097152 both; chown -h 7:8 soft; }
    """

  /// Owners and modes come back with all rights only.
  private static let extractors: [(name: String, command: String)] = [
    ("GNU tar", "tar --warning=no-timestamp --xattrs --xattrs-include='*' --acls --numeric-owner -xzpf ../a.tar.gz"),
    ("bsdtar", "bsdtar --xattrs --acls --numeric-owner -xpf ../a.tar.gz"),
  ]

  @Test("a random tree survives: packed again after GNU tar, bsdtar or we extracted it, it gives the same bytes")
  func roundTrip() throws {
    try Property.check(cases: 2) { random in
      let lab = try PackLab()
      try lab.shell("mkdir tree")
      // GNU tar complains of times before 1970, which it keeps; bsdtar means other ones.
      _ = try RandomTree(in: lab.scratch.at("tree"), entries: 200, times: 1...8_000_000_000, &random)
      try lab.shell(Self.rich)
      let packed = try lab.pack("tree")
      try Property.require(packed.report.hardLinks == 3 && packed.report.sparseFiles == 3, "\(packed.report)")
      try lab.write(packed.archive.bytes, to: "a.tar.gz")
      for (name, command) in Self.extractors {
        guard try TestProcess.run(["sh", "-c", "command -v \(command.prefix { $0 != " " })"]).status == 0 else {
          continue
        }
        let directory = "by-\(command.prefix { $0 != " " })"
        try lab.shell("mkdir \(directory)")
        let result = try TestProcess.run(
          ["sh", "-ec", command], environment: ["LC_ALL": "C.UTF-8"], directory: lab.scratch.at(directory))
        let complaints = result.errorText.split(separator: "\n").filter {
          // Of the one attribute whose name tar has no form for.
          !$0.contains("LIBARCHIVE.xattr")
        }
        try Property.require(result.status == 0 && complaints.isEmpty, "\(name): \(complaints.prefix(3))")
        if name == "GNU tar" { try lab.shell("setfattr -n 'user.a=b' -v '' \(directory)/sub") }
        // bsdtar leaves the time of what it extracts into alone.
        try lab.shell("touch -r tree \(directory); touch -r tree/sub \(directory)/sub")
        try Self.requireSame(try lab.pack(directory), packed, name)
      }
      let policy = ExtractionPolicy(
        ownership: .numbers, map: ExtractionPolicy.Map(), keepsPrivileges: true, makesDevices: true,
        keepsPrivilegedAttributes: true, skipsAttributes: false)
      _ = try TreeRestore(try TarFile(path: lab.scratch.at("a.tar.gz")), to: lab.scratch.at("ours"), policy)
        .perform(Interruption()) { _, _, _ in }
      try Self.requireSame(try lab.pack("ours"), packed, "our own extraction")
    }
  }

  private static func requireSame(_ found: PackLab.Packed, _ expected: PackLab.Packed, _ who: String) throws {
    if found.archive.bytes == expected.archive.bytes { return }
    let lines = zip(found.list.split(separator: 10), expected.list.split(separator: 10)).first { $0 != $1 }
    let text = lines.map { "\(String(decoding: $0, as: UTF8.self)) instead of \(String(decoding: $1, as: UTF8.self))" }
    throw RecoverError(.checkFailed, "\(who): another archive: \(text ?? "the metadata of some file")")
  }

  @Test("the bytes do not depend on the number of threads, and the list is what a reader of the archive finds")
  func deterministic() throws {
    let lab = try PackLab()
    var random = SeededGenerator(seed: SeededGenerator.runSeed)
    try lab.shell("mkdir tree")
    _ = try RandomTree(in: lab.scratch.at("tree"), entries: 200, times: 1...8_000_000_000, &random)
    try lab.write(random.bytes(5 << 20, below: 40), to: "tree/large")
    let packed = try lab.pack("tree", threads: 1)
    for threads in [2, 5] {
      let again = try lab.pack("tree", threads: threads)
      #expect(again.archive.bytes == packed.archive.bytes && again.list == packed.list)
    }
    try lab.write(packed.archive.bytes, to: "a.tar.gz")
    var list: [UInt8] = []
    let survey = try TarSurvey(
      try TarFile(path: lab.scratch.at("a.tar.gz")), visit: { FileLine.append($0, $1, to: &list) })
    #expect(list == packed.list)
    #expect(survey.archiveBytes == packed.report.archiveBytes)
    // Each line is JSON, whatever the names are.
    for line in list.split(separator: UInt8(ascii: "\n")) {
      _ = try JSONValue.decode(JSONValue.self, from: Array(line))
    }
  }

  @Test(
    "a file that changes while it is read is taken back and read again, however large it is",
    arguments: [100, 600_000, 7 << 20])
  func changing(bytes: Int) throws {
    let lab = try PackLab()
    try lab.shell("mkdir tree; printf before > tree/a; printf after > tree/z")
    var random = SeededGenerator(seed: SeededGenerator.runSeed)
    try lab.write(random.bytes(600_000, below: 256), to: "tree/front")
    try lab.write(random.bytes(bytes, below: 256), to: "tree/m")
    let new = random.bytes(bytes / 2, below: 256)
    var changes = 0
    let packed = try lab.pack("tree") { name in
      guard name == "m", changes < 2 else { return }
      changes += 1
      try lab.write(changes == 1 ? [1, 2, 3] : new, to: "tree/m")
    }
    let still = try lab.pack("tree")
    #expect(packed.archive.bytes == still.archive.bytes)
    #expect(packed.list == still.list)
    #expect(packed.remarks.isEmpty)
    #expect(bytes <= 600_000 || packed.archive.restores > 0, "nothing that was written had to be taken back")
  }

  @Test(
    "a log that grows is kept as it was when it was looked at; one that always changes is an error, or kept and named")
  func logs() throws {
    let lab = try PackLab()
    try lab.shell("mkdir tree; printf one > tree/log; printf other > tree/data")
    var data = 0
    func touch(_ name: String) throws {
      if name == "log" { try lab.shell("printf more >> tree/log") }
      guard name == "data" else { return }
      data += 1
      try lab.write(Array("\(data)".utf8), to: "tree/data")
    }
    #expect(throws: RecoverError.self) { try lab.pack("tree", afterReading: touch) }
    var options = PackOptions()
    options.keepsChanging = true
    let packed = try lab.pack("tree", options, afterReading: touch)
    #expect(packed.remarks == ["changing data", "grew log"])
    let names = try lab.names(packed)
    #expect(names == ["./", "./data", "./log"])
    // Of the second reading: what the first one saw, and what came between.
    #expect(
      String(decoding: packed.list, as: UTF8.self).contains(#""size":7}"#),
      "\(String(decoding: packed.list, as: UTF8.self))")
  }

  @Test("what goes away is named; what can't be read is an error, or left out and named")
  func missing() throws {
    guard geteuid() != 0 else { return }
    let lab = try PackLab()
    try lab.shell(
      "mkdir -p tree/closed; printf x > tree/closed/f; printf y > tree/secret; chmod 0 tree/secret tree/closed")
    #expect(throws: RecoverError.self) { try lab.pack("tree") }
    var options = PackOptions()
    options.skipsUnreadable = true
    #expect(try lab.pack("tree", options).remarks == ["unreadable closed", "unreadable secret"])
  }

  @Test("a file that goes away before it is read is named, and the rest is whole")
  func vanished() throws {
    let lab = try PackLab()
    try lab.shell("mkdir tree; printf x > tree/a; printf y > tree/b; mkdir tree/c")
    let packed = try lab.pack("tree") { if $0 == "a" { try lab.shell("rm -f tree/b; rmdir tree/c") } }
    #expect(packed.remarks == ["vanished b", "vanished c"])
    #expect(try lab.names(packed) == ["./", "./a"])
  }

  @Test("patterns, ignore files, caches and the place of the backup are left out, and said")
  func exclusions() throws {
    let lab = try PackLab()
    try lab.shell(
      """
      mkdir -p tree/build tree/src/build tree/src/keep tree/cache/x tree/backups/old; cd tree
      touch build/a src/build/b src/a.o src/keep/b.o src/c.c top.o backups/old/m cache/x/y
      printf '*.o\n!keep/*.o\n/build/\n' > src/.recoverignore
      printf 'Signature: 8a477f597d28d172789f06886806bc55\n' > cache/CACHEDIR.TAG
      """)
    var options = PackOptions()
    options.exclusions = try ["/build", "*.tmp"].map { try #require(IgnorePattern(Array($0.utf8))) }
    options.excludesCaches = true
    options.untouched = [try #require(PackOptions.Identity(ofDirectory: lab.scratch.at("tree/backups")))]
    let packed = try lab.pack("tree", options)
    #expect(
      try lab.names(packed) == [
        "./", "./cache/", "./cache/CACHEDIR.TAG", "./src/", "./src/.recoverignore", "./src/c.c", "./src/keep/",
        "./src/keep/b.o", "./top.o",
      ])
    #expect(
      packed.remarks == [
        "excluded backups", "excluded build", "excluded cache", "excluded src/a.o", "excluded src/build",
      ])
    options.readsIgnoreFiles = false
    #expect(try lab.names(try lab.pack("tree", options)).contains("./src/a.o"))
  }

  @Test("a tree deeper than directories may be open is read, and comes back")
  func deep() throws {
    let lab = try PackLab()
    try lab.shell(
      "mkdir tree; cd tree; for i in $(seq 300); do printf $i > before; mkdir d zz; printf $i > zz/f; cd d; done; printf end > end"
    )
    let packed = try lab.pack("tree")
    #expect(packed.report.files == 601 && packed.report.directories == 601)
    try lab.write(packed.archive.bytes, to: "a.tar.gz")
    try lab.shell("mkdir out; tar -xzf a.tar.gz -C out; touch -r tree out")
    #expect(try lab.pack("out").archive.bytes == packed.archive.bytes)
  }
}
