internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import ArchiveKit

@Suite("extraction", .serialized)
struct ExtractionTests {
  /// All that find(1) knows of a tree, names by their bytes.
  private static func picture(_ directory: String) throws -> [UInt8] {
    let script = "find . -mindepth 1 -printf '%P %y %m %U %G %T@ %s %l\\0' | sort -z"
    return try TestProcess.output(["sh", "-ec", script], environment: ["LC_ALL": "C"], directory: directory)
  }

  private static func differences(
    _ archive: String, _ tree: String, _ policy: ExtractionPolicy = ExtractionPolicy()
  ) throws -> [String] {
    var reader = try TarFile(path: archive).open()
    let found = Found()
    try TreeComparison.compare(
      &reader, with: try TreeRoot(tree), scratch: try TreeRoot("/tmp"), policy, tell: { found.all.append($0) })
    return found.all.map(\.description)
  }

  private final class Found {
    var all: [TreeDifference] = []
  }

  @Test(
    "a random tree comes back as it was: by find(1), by GNU tar's own comparison, and by ours",
    arguments: ["tar --format=posix", "tar --format=gnu", "bsdtar --format=pax"])
  func trees(writer: String) throws {
    let command = writer.split(separator: " ").map(String.init)
    guard try TestProcess.run(["sh", "-c", "command -v \(command[0])"]).status == 0 else { return }
    try Property.check(cases: 3) { random in
      let lab = try ExtractionLab()
      let (source, archive) = (lab.scratch.at("outside/tree"), lab.scratch.at("outside/a.tar.gz"))
      try TestProcess.output(["mkdir", source])
      _ = try RandomTree(in: source, entries: 500, times: 0...10_000_000_000, &random)
      try TestProcess.output(
        command + ["-c", "-z", "-f", archive, "-C", source, "."], environment: ["LC_ALL": "C.UTF-8"])
      let report = try lab.extract(file: archive)
      try Property.require(report.losses.isEmpty, "\(report.losses)")
      let differences = try Self.differences(archive, lab.staging)
      try Property.require(differences.isEmpty, "\(differences.prefix(3))")
      let theirs = try TestProcess.run(["tar", "-d", "-z", "-f", archive, "-C", lab.staging])
      // It compares the root too, which is left as it is.
      let others = theirs.outputText.split(separator: "\n").filter { !$0.hasPrefix(".: ") }
      let errors = theirs.errorText.split(separator: "\n").filter { !$0.contains("hdrcharset") }
      try Property.require(others.isEmpty && errors.isEmpty, "\(others.prefix(3)) \(theirs.errorText)")
      guard command.contains("--format=posix") || command[0] == "bsdtar" else { return }
      try Property.require(try Self.picture(source) == Self.picture(lab.staging), "find(1) sees a difference")
    }
  }

  /// Owners, hard links, holes, attributes and lists; as root only, who may give files away.
  private static let rich = """
    umask 022
    mkdir tree; cd tree; printf hello > f; ln f hard; ln -s f soft; ln soft soft2; mkfifo p; mkdir -m 2770 d
    chown 1000:1001 f; chown -h 7:8 soft; chown 5:6 d; truncate -s 64M hole; printf end >> hole
    setfattr -n user.origin -v here f; setfattr -n user.empty f
    setfacl -m u:1234:rw-,g:root:r-- f; setfacl -d -m u:99:rwx d; touch -d '2001-02-03 04:05:06.789' d f
    """

  @Test("hard links, holes, owners, attributes and access lists come back", arguments: ["tar", "bsdtar"])
  func rich(program: String) throws {
    let tools = try TestProcess.run(["sh", "-c", "command -v \(program) setfattr setfacl"])
    guard tools.status == 0, geteuid() == 0 else { return }
    let lab = try ExtractionLab()
    let directory = lab.scratch.at("outside")
    try TestProcess.output(["sh", "-ec", Self.rich], directory: directory)
    let options =
      program == "tar" ? ["--format=posix", "--xattrs", "--acls", "--sparse"] : ["--format=pax", "--xattrs", "--acls"]
    try TestProcess.output([program, "-c", "-z", "-f", "a.tar.gz"] + options + ["tree"], directory: directory)
    let report = try lab.extract(
      file: "\(directory)/a.tar.gz", ExtractionPolicy(keepsPrivileges: true))
    #expect(report.losses.isEmpty, "\(report.losses)")
    let policy = ExtractionPolicy(keepsPrivileges: true)
    #expect(try Self.differences("\(directory)/a.tar.gz", lab.staging, policy) == [])
    #expect(try Self.picture(directory + "/tree") == Self.picture(lab.staging + "/tree"))
    func dump(_ path: String) throws -> [UInt8] {
      let script = "getfattr -R -d -m - . | sort; getfacl -R -n . ; stat -c '%n %h' *; du -k hole"
      return try TestProcess.output(["sh", "-ec", script], directory: path)
    }
    #expect(try dump(directory + "/tree") == dump(lab.staging + "/tree"))
  }

  private static let changeable = """
    umask 022; mkdir tree; cd tree
    printf hello > f; printf same > g; ln g hard; ln -s f soft; mkfifo p; mkdir d; truncate -s 3M hole
    cd ..; tar --sort=name --format=posix --sparse -czf a.tar.gz tree
    """

  /// What somebody did to the tree, and what is said of it.
  private static let changes = [
    "printf x >> f": "f: has 6 bytes instead of 5",
    "printf jello | dd of=f conv=notrunc status=none": "f: has another content from byte 0 on",
    "rm g; printf same > g": "hard: is no other name of tree/g",
    "rm soft; ln -s g soft": "soft: points to g instead of f",
    "rm -r d": "d: is not there", "rm -r d; printf x > d": "d: is of another kind", "rm f": "f: is not there",
    "rm f; mkdir f": "f: is of another kind", "touch new": "new: is not in the archive",
    "mkdir d/new": "d/new: is not in the archive", "chmod 600 f": "f: has mode 0600 instead of 0644",
    "touch -d @5 d": "d: was modified at 1970-01-01 00:00:05 instead of",
    "printf x | dd of=hole bs=1 seek=1000000 conv=notrunc status=none":
      "hole: has another content from byte 1000000 on",
    "setfattr -n user.new -v x f": "f: differs in the attribute user.new",
    "setfacl -m u:7:r f": "f: has another access control list",
    "rm p; touch p": "p: is of another kind",
  ]

  @Test("each change of a tree is found and named", arguments: changes.keys.sorted())
  func change(script: String) throws {
    let lab = try ExtractionLab()
    let directory = lab.scratch.at("outside")
    try TestProcess.output(["sh", "-ec", Self.changeable], directory: directory)
    _ = try lab.extract(file: "\(directory)/a.tar.gz")
    #expect(try Self.differences("\(directory)/a.tar.gz", lab.staging) == [])
    let tool = script.split(separator: " ")[0]
    guard try TestProcess.run(["sh", "-c", "command -v \(tool)"]).status == 0 else { return }
    _ = try lab.shell("cd tree; " + script)
    let differences = try Self.differences("\(directory)/a.tar.gz", lab.staging)
    let expected = try #require(Self.changes[script])
    #expect(differences.contains { $0.hasPrefix("tree/" + expected) }, "\(differences)")
  }

  @Test(
    "the proof of an extraction finds each change, and none where nothing was changed", arguments: changes.keys.sorted()
  )
  func proof(script: String) throws {
    let lab = try ExtractionLab()
    let directory = lab.scratch.at("outside")
    try TestProcess.output(["sh", "-ec", Self.changeable], directory: directory)
    var reader = try TarFile(path: "\(directory)/a.tar.gz").open()
    var extraction = try TreeExtractor.extract(&reader, into: try TreeRoot(lab.staging), ExtractionPolicy())
    let root = try TreeRoot(lab.staging)
    func differences() throws -> TreeProof.Differences {
      try TreeProof.differences(
        of: &extraction, in: root.descriptor, lab.staging, threads: 2, Interruption(), progress: { _ in })
    }
    #expect(try differences().first.map(\.description) == [])
    let tool = script.split(separator: " ")[0]
    guard try TestProcess.run(["sh", "-c", "command -v \(tool)"]).status == 0 else { return }
    _ = try lab.shell("cd tree; " + script)
    let found = try differences()
    #expect(found.count > 0)
    // Not only its time tells that the content is another one.
    let expected = try #require(Self.changes[script])
    let isNamed = found.first.contains { $0.description.hasPrefix("tree/" + expected) }
    #expect(isNamed || !expected.contains("content"), "\(found.first)")
  }

  @Test("the list of an extraction gives each record once to several readers, long maps included")
  func ledger() throws {
    try Property.check(cases: 20) { random in
      let scratch = try TreeRoot("/tmp")
      var ledger = try MemberLedger(in: scratch)
      var records: Set<MemberLedger.Record> = []
      for number in 0..<random.int(0...3000) {
        let path = TreePath(parts: [Array("\(number)".utf8), random.bytes(random.int(1...200))])
        let metadata = TreeMetadata(
          mode: 0o644, user: 1, group: UInt32.max - 1, modified: TarTime(seconds: -5, nanoseconds: 7),
          attributes: [TarMember.Attribute(name: "user.a", value: random.bytes(3))])
        let kinds: [MemberLedger.Kind] = [
          .file(size: 9, digest: Digest(of: [1]), pieces: nil),
          .file(
            size: .max, digest: Digest(of: [2]),
            pieces: (0..<random.int(0...50)).map { TarSparsePiece(offset: Int64($0), byteCount: 1) }),
          .symbolicLink(target: TarName(random.bytes(5))), .hardLink(target: path),
          .node(.blockDevice, TarMember.Device(major: .max, minor: 3)),
        ]
        records.insert(MemberLedger.Record(path: path, kind: random.pick(kinds), metadata: metadata))
      }
      if random.chance(1, of: 2) {
        let pieces = (0..<60_000).map { TarSparsePiece(offset: Int64($0) << 20, byteCount: 4096) }
        let path = TreePath(parts: [Array("large".utf8)])
        records.insert(
          MemberLedger.Record(
            path: path, kind: .file(size: 1, digest: Digest(of: [3]), pieces: pieces),
            metadata: TreeMetadata(mode: 0, user: 0, group: 0, modified: TarTime(seconds: 0), attributes: [])))
      }
      for record in records { try ledger.add(record) }
      let queue = try ledger.queue()
      let read = Monitor([MemberLedger.Record]())
      try BlockingThread.team("readers", count: 2, Interruption()) { _, _ in
        while let batch = try queue.next() { read.change { $0 += batch } }
      }
      let all = read.change { $0 }
      try Property.require(all.count == records.count && Set(all) == records, "not every record once")
    }
  }

  @Test("a tree is the same as an archive that has whole seconds alone, but not another second's")
  func seconds() throws {
    let scratch = try ScratchDirectory()
    try TestProcess.output(
      ["sh", "-ec", "mkdir -p t/d; touch -d '2020-01-02 03:04:05.6' t/d/f; tar --format=gnu -cf a.tar -C t d"],
      directory: scratch.path)
    #expect(try Self.differences(scratch.at("a.tar"), scratch.at("t")) == [])
    try TestProcess.output(["touch", "-d", "2020-01-02 03:04:06", scratch.at("t/d/f")])
    #expect(try Self.differences(scratch.at("a.tar"), scratch.at("t")).count == 1)
  }

  @Test("owners come by number, by name, by map or for all alike")
  func owners() throws {
    guard geteuid() == 0 else { return }
    let archive = TarBuilder.archive {
      var header = TarBuilder.Header("f")
      (header.user, header.group) = (4321, 8765)
      header.patches[265] = Array("nobody".utf8)
      $0.add(header)
    }
    let cases: [(ExtractionPolicy, String)] = [
      (ExtractionPolicy(), "4321:8765"), (ExtractionPolicy(ownership: .names), "65534:8765"),
      (ExtractionPolicy(ownership: .fixed(user: 1000, group: 1001)), "1000:1001"),
      (ExtractionPolicy(map: ExtractionPolicy.Map(users: [4321: 11], groups: [8765: 12])), "11:12"),
      (ExtractionPolicy(ownership: .ourselves), "0:\(getegid())"),
    ]
    for (policy, expected) in cases {
      let lab = try ExtractionLab()
      _ = try lab.extract(archive, policy)
      #expect(try lab.shell("stat -c %u:%g f") == expected + "\n")
    }
  }

  @Test("directories that the archive lacks are made, and told; those that come later count")
  func madeUp() throws {
    let lab = try ExtractionLab()
    let archive = TarBuilder.archive {
      $0.add(file: "a/b/f")
      var header = TarBuilder.Header("a/")
      (header.typeflag, header.mode, header.modified) = ("5", 0o711, 7)
      $0.add(header)
    }
    let report = try lab.extract(archive, ExtractionPolicy(ownership: .ourselves))
    #expect(report.losses[.madeUpDirectory]?.examples.map(\.description) == ["a/b"])
    #expect(try lab.shell("stat -c '%a %Y' a; stat -c %a a/b") == "711 7\n755\n")
  }

  @Test("a cut or damaged archive is an error in whichever thread it is found")
  func damage() throws {
    for (script, text) in [
      ("truncate -s -3 a.tar.gz", "compressed byte"),
      ("gunzip a.tar.gz; truncate -s -20000 a.tar; gzip a.tar", "ends at tar byte"),
    ] {
      let lab = try ExtractionLab()
      let directory = lab.scratch.at("outside")
      try TestProcess.output(
        ["sh", "-ec", "head -c 3000000 /dev/urandom > big; tar -czf a.tar.gz big; \(script)"], directory: directory)
      let error = #expect(throws: RecoverError.self) { try lab.extract(file: "\(directory)/a.tar.gz") }
      #expect(error?.code == .backupRefused && error?.message.contains(text) == true, "\(error?.message ?? "")")
    }
  }

  @Test("a tree is removed with all that is in it, and nothing that its links point to")
  func removal() throws {
    let lab = try ExtractionLab()
    _ = try lab.shell(
      "mkdir -p a/b/c; ln -s ../outside out; ln -s /etc abs; mkfifo a/p; mkdir -m 0 a/closed; printf x > a/b/c/f")
    try TreeRemoval.remove(lab.staging)
    #expect(unsafe access(lab.staging, F_OK) != 0)
    try TreeRemoval.remove(lab.staging)
    #expect(try lab.isUntouched())
  }
}
