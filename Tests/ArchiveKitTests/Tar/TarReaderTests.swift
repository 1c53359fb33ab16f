internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import ArchiveKit

@Suite("tar: one meaning")
struct TarReaderTests {
  private static func one(_ body: (inout TarBuilder) -> Void) throws -> TarMember {
    try #require(try TarReading.members(TarBuilder.archive(body)).first).member
  }

  @Test("a file, a directory, links, devices and a fifo are read with all their fields")
  func kinds() throws {
    let archive = TarBuilder.archive { tar in
      var header = TarBuilder.Header("d/")
      header.typeflag = "5"
      header.mode = 0o2755
      tar.add(header)
      header = TarBuilder.Header("d/f")
      (header.user, header.group, header.modified) = (1000, 100, 1_400_000_000)
      tar.add(header, data: Array("hello".utf8))
      for (flag, name) in [("1", "hard"), ("2", "soft")] as [(Character, String)] {
        header = TarBuilder.Header(name)
        (header.typeflag, header.linkName) = (flag, Array("d/f".utf8))
        tar.add(header)
      }
      for (flag, name) in [("3", "c"), ("4", "b"), ("6", "p")] as [(Character, String)] {
        header = TarBuilder.Header(name)
        (header.typeflag, header.device) = (flag, (8, 1))
        tar.add(header)
      }
    }
    let members = try TarReading.members(archive)
    let device = TarMember.Device(major: 8, minor: 1)
    let target = TarName(Array("d/f".utf8))
    #expect(
      members.map(\.member.kind) == [
        .directory, .file, .hardLink(target: target), .symbolicLink(target: target), .characterDevice(device),
        .blockDevice(device), .fifo,
      ])
    #expect(members[1].content == Array("hello".utf8))
    #expect(members[1].member.user.number == 1000 && members[1].member.group.number == 100)
    #expect(members[1].member.modified == TarTime(seconds: 1_400_000_000))
    #expect(members[0].member.mode == 0o2755)
    #expect(members.map(\.member.offset) == [0, 512, 1536, 2048, 2560, 3072, 3584])
  }

  @Test("names: prefix of ustar, long names of GNU tar, paths of PAX, none of v7's prefix")
  func names() throws {
    var header = TarBuilder.Header("b")
    header.prefix = Array("a".utf8)
    #expect(try TarReading.names(TarBuilder.archive { $0.add(header) }) == ["a/b"])
    header.magic = Array(repeating: 0, count: 8)
    #expect(try TarReading.names(TarBuilder.archive { $0.add(header) }) == ["b"])
    let long = String(repeating: "n", count: 300)
    #expect(
      try TarReading.names(
        TarBuilder.archive {
          $0.add(long: long)
          $0.add(file: "short")
          $0.add(pax: [("path", long + "/p")])
          $0.add(file: "short")
        }) == [long, long + "/p"])
  }

  @Test("a checksum over unsigned or over signed bytes is right, any other wrong")
  func checksums() throws {
    let header = TarBuilder.Header(bytes: [0xE4, 0xF6])
    for (offset, isRight) in [(0, true), (-512, true), (1, false), (-1, false), (512, false)] {
      var tar = TarBuilder()
      tar.add(raw: TarBuilder.block(header) { block in block.reduce(0) { $0 + Int64($1) } + Int64(offset) })
      tar.end()
      #expect((TarReading.refusal(tar.bytes) == nil) == isRight, "\(offset)")
    }
  }

  @Test("numbers in base-256 are read as GNU tar writes them, and refused where 63 bits don't hold them")
  func base256() throws {
    func time(_ field: [UInt8]) throws -> Int64 {
      var header = TarBuilder.Header("f")
      header.patches[136] = field
      return try Self.one { $0.add(header) }.modified.seconds
    }
    let zeros = [UInt8](repeating: 0, count: 3)
    let ones = [UInt8](repeating: 0xFF, count: 3)
    #expect(try time([0x80] + zeros + [0, 0, 0, 2, 0, 0, 0, 1]) == 2 << 32 | 1)
    #expect(try time([0xFF] + ones + [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFE]) == -2)
    #expect(throws: RecoverError.self) { try time([0x80, 1] + [UInt8](repeating: 0, count: 10)) }
    #expect(throws: RecoverError.self) { try time([0x80] + zeros + [0x7F, 0, 0, 0, 0, 0, 0, 0]) }
  }

  @Test(
    "a number that could be read in two ways is refused",
    arguments: [(124, "9"), (124, "-1"), (124, "\u{0}0001"), (100, "64x"), (108, "\u{FF}\u{FF}")] as [(Int, String)])
  func badNumbers(offset: Int, text: String) {
    var header = TarBuilder.Header("f")
    header.patches[offset] = text.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }
    let error = TarReading.refusal(TarBuilder.archive { $0.add(header) })
    #expect(error?.code == .backupRefused)
    #expect(error?.message.contains("tar byte 0") == true)
  }

  @Test("PAX records replace fields: owners, times to the nanosecond, attributes and access lists")
  func pax() throws {
    let member = try Self.one {
      $0.add(
        pax: [
          ("uid", "4294967294"), ("gid", "7"), ("uname", "ü"), ("gname", "g"), ("mtime", "-1.5"), ("atime", "2.25"),
          ("SCHILY.xattr.user.a", "1"), ("LIBARCHIVE.xattr.user.a", "MQ"), ("LIBARCHIVE.xattr.user.b%3D", "AP8="),
          ("SCHILY.acl.access", "user::rw-"), ("VENDOR.thing", "x"), ("comment", "c"),
        ])
      $0.add(file: "f")
    }
    #expect(member.user.number == 4_294_967_294 && member.group.number == 7)
    #expect("\(member.user.name)" == "ü")
    #expect(member.modified == TarTime(seconds: -2, nanoseconds: 500_000_000))
    #expect(member.accessed == TarTime(seconds: 2, nanoseconds: 250_000_000))
    #expect(
      member.attributes == [
        TarMember.Attribute(name: "user.a", value: [UInt8(ascii: "1")]),
        TarMember.Attribute(name: "user.b=", value: [0, 255]),
      ])
    #expect(member.accessList == Array("user::rw-".utf8))
    #expect(member.ignoredKeywords == ["VENDOR.thing"])
  }

  @Test("a global header holds for all that follow, a member's own wins")
  func global() throws {
    let members = try TarReading.members(
      TarBuilder.archive {
        $0.add(pax: [("uid", "5"), ("gid", "6")], typeflag: "g")
        $0.add(file: "a")
        $0.add(pax: [("uid", "7")])
        $0.add(file: "b")
        $0.add(file: "c")
      })
    #expect(members.map(\.member.user.number) == [5, 7, 5])
    #expect(members.map(\.member.group.number) == [6, 6, 6])
  }

  @Test("a size beyond octal digits comes from the extended header; any other disagreement is refused")
  func sizes() throws {
    var header = TarBuilder.Header("f")
    header.size = 3
    func refusal(_ size: Int64) -> RecoverError? {
      TarReading.refusal(
        TarBuilder.archive {
          $0.add(pax: [("size", "\(size)")])
          $0.add(header, data: Array("abc".utf8))
        })
    }
    #expect(refusal(3) == nil)
    let error = refusal(4)
    #expect(error?.message.contains("in the member f") == true, "\(error?.message ?? "")")
    // Read as so large, and so cut off.
    #expect(refusal(1 << 33)?.message.contains("inside of the data of f") == true)
  }

  @Test("any way to cut an archive off is refused with the byte, whatever the pieces that it is read in")
  func truncation() throws {
    let archive = TarBuilder.archive {
      $0.add(pax: [("path", "long")])
      $0.add(file: "f", String(repeating: "x", count: 700))
      $0.add(file: "g", "y")
    }
    let whole = try TarReading.members(archive)
    for size in [1, 7, 511, 513, 100_000] {
      #expect(try TarReading.members(archive, largestRead: size, pieceBytes: size) == whole)
    }
    for count in 0...archive.count - 1024 {
      let error = try #require(TarReading.refusal(Array(archive.prefix(count))), "\(count)")
      #expect(error.code == .backupRefused)
      #expect(count < 512 || error.message.contains("ends at tar byte \(count)"), "\(count): \(error.message)")
    }
    // One block of zeros is half of the mark: all members are there.
    #expect(TarReading.refusal(Array(archive.dropLast(512))) == nil)
  }

  @Test("zeros may follow the end, nothing else may")
  func behindTheEnd() throws {
    let archive = TarBuilder.archive { $0.add(file: "f") }
    #expect(TarReading.refusal(archive + [UInt8](repeating: 0, count: 9000)) == nil)
    #expect(TarReading.refusal(archive + archive)?.message.contains("tar byte \(archive.count)") == true)
    let error = TarReading.refusal(archive.dropLast(512) + archive)
    #expect(error?.message.contains("follows the end") == true)
  }

  @Test("budgets are absolute: entries, content and the archive itself")
  func budgets() throws {
    let archive = TarBuilder.archive { tar in for name in ["a", "b", "c"] { tar.add(file: name, "12345") } }
    func budget(_ entries: Int64, _ content: Int64, _ archive: Int64) -> TarBudget {
      TarBudget(entries: entries, contentBytes: content, archiveBytes: archive)
    }
    #expect(TarReading.refusal(archive, budget: budget(3, 15, 3072)) == nil)
    #expect(TarReading.refusal(archive, budget: budget(2, 15, 3072))?.message.contains("2 entries") == true)
    #expect(TarReading.refusal(archive, budget: budget(3, 14, 3072))?.message.contains("in the member c") == true)
    #expect(TarReading.refusal(archive, budget: budget(3, 15, 1024)) != nil)
  }

  @Test("random damage never crashes, and never gives a member another name without a wrong checksum")
  func damage() throws {
    let archive = TarBuilder.archive {
      $0.add(pax: [("path", "some/path"), ("mtime", "1.5")])
      $0.add(file: "f", "content")
      $0.add(long: "another/long/name")
      $0.add(file: "g", "more")
    }
    let names = Set(try TarReading.members(archive).map(\.member.name))
    try Property.check { random in
      var damaged = archive
      if random.chance(1, of: 4) { damaged.removeLast(random.int(1...archive.count)) }
      for _ in 0..<random.int(1...3) where !damaged.isEmpty {
        damaged[random.int(0...damaged.count - 1)] = UInt8(random.int(0...255))
      }
      do {
        for member in try TarReading.members(damaged) where !names.contains(member.member.name) {
          // The texts of long names carry no checksum.
          let text = "\(member.member.name)"
          try Property.require(text.contains("/") || text.count <= 17, "a new name: \(text)")
        }
      } catch let error as RecoverError {
        try Property.require(error.code == .backupRefused, "\(error)")
      }
    }
  }
}
