internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import ArchiveKit

/// Archives that want out of the directory that they are extracted in.
@Suite("attacks on an extraction", .serialized)
struct AttackTests {
  struct Attack: CustomTestStringConvertible, Sendable {
    let name: String
    /// A part of the reason; nil where the archive is harmless and extracted.
    let reason: String?
    let build: @Sendable (inout TarBuilder) -> Void

    init(_ name: String, _ reason: String?, _ build: @escaping @Sendable (inout TarBuilder) -> Void) {
      self.name = name
      self.reason = reason
      self.build = build
    }

    var testDescription: String { name }
  }

  private static func header(
    _ name: String, _ flag: Character, to target: String = "", mode: Int = 0o777
  ) -> TarBuilder.Header {
    var header = TarBuilder.Header(name)
    (header.typeflag, header.linkName, header.mode) = (flag, Array(target.utf8), mode)
    return header
  }

  static let attacks: [Attack] = [
    Attack("a file above the root", "`..`") { $0.add(file: "../outside/file", "x") },
    Attack("dots in the middle", "`..`") { $0.add(file: "a/../../outside/new", "x") },
    Attack("an absolute path", "absolute") { $0.add(file: "/tmp/recover-attack", "x") },
    Attack("dots in a long name", "`..`") {
      $0.add(long: "a/" + String(repeating: "b", count: 200) + "/../../../outside/new")
      $0.add(file: "short", "x")
    },
    Attack("dots in a PAX path", "`..`") {
      $0.add(pax: [("path", "../outside/new")])
      $0.add(file: "short", "x")
    },
    Attack("a symbolic link, then a file through it", "no directory") {
      $0.add(header("d", "2", to: "../outside"))
      $0.add(file: "d/new", "x")
    },
    Attack("a symbolic link, then a file in a directory behind it", "no directory") {
      $0.add(header("d", "2", to: "../outside"))
      $0.add(file: "d/sub/new", "x")
    },
    Attack("an absolute symbolic link, then a directory through it", "no directory") {
      $0.add(header("d", "2", to: "/tmp"))
      $0.add(header("d/recover-attack/", "5"))
    },
    Attack("a symbolic link below a directory, then a path through it", "no directory") {
      $0.add(header("a/", "5"))
      $0.add(header("a/d", "2", to: "../../outside"))
      $0.add(file: "a/d/file", "x")
    },
    Attack("a symbolic link that a directory's metadata would go through", "no directory") {
      $0.add(header("d", "2", to: "../outside"))
      $0.add(header("d/", "5", mode: 0o777))
    },
    Attack("a symbolic link that a file would be written through", "there already") {
      $0.add(header("f", "2", to: "../outside/file"))
      $0.add(file: "f", "x")
    },
    Attack("a directory, replaced by a link, then a path through it", "there already") {
      $0.add(header("d/", "5"))
      $0.add(header("d", "2", to: "../outside"))
      $0.add(file: "d/new", "x")
    },
    Attack("a hard link out of the tree", "`..`") { $0.add(header("l", "1", to: "../outside/file")) },
    Attack("a hard link to an absolute path", "absolute") { $0.add(header("l", "1", to: "/etc/passwd")) },
    Attack("a hard link through a symbolic link", "has not made") {
      $0.add(header("d", "2", to: "../outside"))
      $0.add(header("l", "1", to: "d/file"))
    },
    Attack("a hard link to a symbolic link that is written through", "there already") {
      $0.add(header("s", "2", to: "../outside/file"))
      $0.add(header("l", "1", to: "s"))
      $0.add(file: "l", "x")
    },
    Attack("a hard link to a directory", "no file of this archive") {
      $0.add(header("d/", "5"))
      $0.add(header("l", "1", to: "d"))
    },
    Attack("a hard link to what comes later", "has not made") {
      $0.add(header("l", "1", to: "f"))
      $0.add(file: "f", "x")
    },
    Attack("a file in place of the root", "root of the tree") { $0.add(file: ".", "x") },
    Attack("a link in place of the root", "root of the tree") { $0.add(header("./.", "2", to: "/tmp")) },
    Attack("the same file twice", "there already") {
      $0.add(file: "f", "x")
      $0.add(file: "./f", "y")
    },
    Attack("a directory over a file", "no directory") {
      $0.add(file: "f", "x")
      $0.add(header("f/", "5"))
    },
    Attack("a path through a file", "no directory") {
      $0.add(file: "f", "x")
      $0.add(file: "f/g", "x")
    },
    Attack("a name that is too long", "255 bytes") {
      $0.add(pax: [("path", String(repeating: "n", count: 256))])
      $0.add(file: "f", "x")
    },
    Attack("a directory without rights, and then something in it", nil) {
      $0.add(header("d/", "5", mode: 0))
      $0.add(file: "d/f", "x")
    },
    Attack("a path of ten thousand bytes", nil) {
      $0.add(pax: [("path", Array(repeating: String(repeating: "p", count: 100), count: 100).joined(separator: "/"))])
      $0.add(file: "f", "x")
    },
    Attack("links that point out, but that nothing goes through", nil) {
      $0.add(header("a", "2", to: "/etc/passwd"))
      $0.add(header("b", "2", to: "../outside"))
      $0.add(header("c", "2", to: "c"))
    },
  ]

  @Test("nothing outside is made, changed or read", arguments: attacks, [TreeRoot.Confinement.kernel, .partByPart])
  func attack(attack: Attack, confinement: TreeRoot.Confinement) throws {
    let lab = try ExtractionLab()
    let policy = ExtractionPolicy(ownership: .ourselves, keepsPrivileges: true, makesDevices: true)
    do {
      _ = try lab.extract(TarBuilder.archive(attack.build), policy, confinement: confinement)
      #expect(attack.reason == nil)
    } catch let error as RecoverError {
      #expect(error.code == .backupRefused, "\(error)")
      #expect(attack.reason.map { error.message.contains($0) } == true, "\(error.message)")
      #expect(error.message.contains("tar byte"))
    }
    #expect(try lab.isUntouched())
    #expect(unsafe access("/tmp/recover-attack", F_OK) != 0)
  }

  @Test("nor by an ordinary user, through the real binary; and nothing is left behind", arguments: attacks)
  func ordinaryUser(attack: Attack) throws {
    guard geteuid() == 0 else { return }
    let lab = try ExtractionLab()
    let directory = lab.scratch.path
    let archive = lab.scratch.at("outside/a.tar")
    try TestProcess.output(["tee", archive], input: .bytes(TarBuilder.archive(attack.build)))
    // All of it is theirs to damage.
    try TestProcess.output(
      ["sh", "-ec", "chmod 755 .; mkdir staging/work; chmod 755 staging; chown -R daemon outside staging/work"],
      directory: directory)
    let before = try ExtractionLab.picture(directory)
    let result = try TestProcess.run(
      [RecoverLab.binary, "files", "--from", archive, "--to", "\(lab.staging)/work/new", "--owner", "self"],
      environment: ["HOME": "/nonexistent"], user: .named("daemon"))
    // A directory without rights can't be compared by its owner, and what was not compared is no success.
    let isUnreadable = attack.name.contains("without rights")
    #expect(result.status == (attack.reason == nil && !isUnreadable ? 0 : 5), "\(result.errorText)")
    let left = try lab.shell("ls -A work")
    #expect(left == (result.status == 0 ? "new\n" : ""))
    #expect(try ExtractionLab.picture(directory) == before)
    #expect(unsafe access("/tmp/recover-attack", F_OK) != 0)
  }

  @Test(
    "a link that another archive left in the directory is not followed",
    arguments: [TreeRoot.Confinement.kernel, .partByPart])
  func twoArchives(confinement: TreeRoot.Confinement) throws {
    let lab = try ExtractionLab()
    _ = try lab.extract(TarBuilder.archive { $0.add(Self.header("d", "2", to: "../outside")) })
    #expect(throws: RecoverError.self) {
      try lab.extract(TarBuilder.archive { $0.add(file: "d/new", "x") }, confinement: confinement)
    }
    // Not even a hard link to what this run has not made.
    _ = try lab.shell("printf theirs > theirs")
    #expect(throws: RecoverError.self) {
      try lab.extract(TarBuilder.archive { $0.add(Self.header("l", "1", to: "theirs")) })
    }
    #expect(try lab.isUntouched())
  }

  @Test("a mount inside of the tree is not entered", arguments: [TreeRoot.Confinement.kernel, .partByPart])
  func mounts(confinement: TreeRoot.Confinement) throws {
    // Each open file system is another one than the scratch directory's.
    let root = try TreeRoot("/", confinement: confinement)
    let isOpen = root.open(TreePath(parts: [Array("proc".utf8), Array("sys".utf8)])) != nil
    #expect(!isOpen)
    #expect(errno == EXDEV)
  }

  @Test("privileges, devices and capabilities come only on request, and what is left out is told")
  func privileges() throws {
    let archive = TarBuilder.archive {
      $0.add(Self.header("setuid", "0", mode: 0o6755))
      var device = Self.header("null", "3", mode: 0o666)
      device.device = (1, 3)
      $0.add(device)
      $0.add(Self.header("also-null", "1", to: "null"))
      $0.add(pax: [("SCHILY.xattr.security.capability", "x"), ("SCHILY.xattr.trusted.t", "x")])
      $0.add(file: "capable")
    }
    let lab = try ExtractionLab()
    let report = try lab.extract(archive, ExtractionPolicy(ownership: .ourselves))
    #expect(report.losses[.privilege]?.examples.map(\.description) == ["setuid"])
    #expect(report.losses[.device]?.count == 1 && report.losses[.link]?.count == 1)
    #expect(report.losses[.leftOut]?.count == 2)
    #expect(try lab.shell("stat -c '%n %a' *") == "capable 644\nsetuid 755\n")
    guard geteuid() == 0 else { return }
    let other = try ExtractionLab()
    let all = try other.extract(
      archive, ExtractionPolicy(ownership: .ourselves, keepsPrivileges: true, makesDevices: true))
    #expect(all.losses.keys.sorted { $0.rawValue < $1.rawValue } == [.leftOut])
    #expect(try other.shell("stat -c '%n %a %t:%T' null setuid") == "null 666 1:3\nsetuid 6755 0:0\n")
  }
}
