internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import ArchiveKit

@Suite("writing tar headers")
struct TarEncoderTests {
  private static func text(_ random: inout SeededGenerator, upTo limit: Int) -> [UInt8] {
    let length = random.chance(1, of: 4) ? random.int(1...limit) : random.int(1...20)
    let isText = random.chance(2, of: 3)
    var text = random.bytes(length, below: 256).map { byte in
      isText ? UInt8(ascii: "a") + byte % 26 : byte == 0 ? 1 : byte
    }
    for _ in 0..<random.int(0...4) where text.count > 2 { text[random.int(1...text.count - 2)] = UInt8(ascii: "/") }
    if text.last == UInt8(ascii: "/") { text[text.count - 1] = UInt8(ascii: "x") }
    if isText, random.chance(1, of: 4) { text = Array("é".utf8) + text }
    return text
  }

  private static func owner(_ random: inout SeededGenerator) -> TarMember.Owner {
    TarMember.Owner(
      number: random.pick([0, 1000, 2_097_151, 2_097_152, 4_294_967_294]),
      name: TarName(
        random.pick(["", "root", String(repeating: "u", count: 31), String(repeating: "u", count: 32)]).utf8.map { $0 })
    )
  }

  private static func sparse(_ random: inout SeededGenerator) throws -> (TarSparseMap, Int64) {
    var pieces: [TarSparsePiece] = []
    var end: Int64 = 0
    for _ in 0..<random.int(0...100) {
      let start = end + Int64(random.int(0...1 << 33))
      pieces.append(TarSparsePiece(offset: start, byteCount: Int64(random.int(0...700))))
      end = start + (pieces.last?.byteCount ?? 0)
    }
    let size = end + Int64(random.int(0...1 << 30))
    return (try TarSparseMap(pieces, size: size), size)
  }

  private static func member(_ random: inout SeededGenerator) throws -> TarMember {
    let kinds: [TarMember.Kind] = [
      .file, .file, .file, .directory, .fifo, .symbolicLink(target: TarName(text(&random, upTo: 3000))),
      .hardLink(target: TarName(text(&random, upTo: 3000))),
      .characterDevice(TarMember.Device(major: 4095, minor: 1_048_575)),
      .blockDevice(TarMember.Device(major: 0, minor: 0)),
    ]
    var member = TarMember(
      name: TarName(text(&random, upTo: 3000)), kind: random.pick(kinds), mode: UInt16(random.int(0...0o7777)),
      user: owner(&random), group: owner(&random),
      modified: TarTime(
        seconds: Int64(
          random.pick([
            0, -1, -62_135_596_800, 8_589_934_591, 8_589_934_592, 253_402_300_799, random.int(0...2_000_000_000),
          ])),
        nanoseconds: Int32(random.pick([0, 1, 500_000_000, 999_999_999]))),
      hasWholeSeconds: false, accessed: nil, size: 0, dataBytes: 0, sparse: nil, attributes: [], accessList: nil,
      defaultList: nil, ignoredKeywords: [], offset: 0)
    if member.kind == .directory { member.name.bytes += [UInt8(ascii: "/")] }
    if member.kind == .file {
      member.size = Int64(random.int(0...2000))
      member.dataBytes = member.size
      if random.chance(1, of: 3) {
        let (map, size) = try sparse(&random)
        (member.sparse, member.size, member.dataBytes) = (map, size, map.dataBytes)
      }
    }
    for index in 0..<random.int(0...2) {
      let name = random.pick(["user.a", "user.b=c%\n\u{e9}", "security.x"]) + "\(index)"
      member.attributes.append(TarMember.Attribute(name: name, value: random.bytes(random.int(0...300), below: 256)))
    }
    member.attributes.sort { $0.name < $1.name }
    if random.chance(1, of: 5) {
      member.accessList = Array("user::rw-,user:7:r--,group::r--,mask::r--,other::---".utf8)
    }
    return member
  }

  @Test("what was written of any member is read again, byte for byte")
  func roundTrip() throws {
    var encoder = TarEncoder()
    try Property.check(cases: 10_000) { random in
      var expected: [TarMember] = []
      var archive: [UInt8] = []
      for _ in 0..<random.int(1...3) {
        var member = try Self.member(&random)
        member.offset = Int64(archive.count)
        expected.append(member)
        encoder.append(member, to: &archive)
        archive += [UInt8](repeating: 7, count: Int(member.dataBytes))
        archive += [UInt8](repeating: 0, count: TarEncoder.padding(member.dataBytes))
      }
      archive += TarEncoder.ending
      var reader = TarReader(MemorySource(archive), named: "x")
      for member in expected {
        guard var found = try reader.next() else { throw RecoverError(.checkFailed, "too few members") }
        // Whole seconds need no extended header, and then nothing says that there could have been more.
        found.hasWholeSeconds = false
        try Property.require(found == member, "\(member) was read as \(found)")
      }
      try Property.require(try reader.next() == nil && reader.ending == .complete, "more members")
    }
  }

  @Test("a file of 8 GiB and more has one size, in both of its headers")
  func large() throws {
    var random = SeededGenerator(seed: 1)
    var member = try Self.member(&random)
    (member.kind, member.sparse, member.size, member.dataBytes) = (.file, nil, 3 << 40, 3 << 40)
    (member.name, member.attributes, member.accessList) = (TarName(Array("big".utf8)), [], nil)
    var headers: [UInt8] = []
    var encoder = TarEncoder()
    encoder.append(member, to: &headers)
    let last = try #require(TarHeader(Array(headers.suffix(512))))
    #expect(last.size == 3 << 40)
    #expect(String(decoding: headers, as: UTF8.self).contains("22 size=3298534883328\n"))
    var reader = TarReader(MemorySource(headers), named: "x")
    #expect(try reader.next()?.size == 3 << 40)
  }

  /// Whether a name is absolute or has a `..` in it.
  private static func leadsOut(_ name: TarName) -> Bool {
    let parts = name.bytes.split(separator: UInt8(ascii: "/"))
    return name.bytes.first == UInt8(ascii: "/") || parts.contains(Array("..".utf8)[...])
  }

  @Test("GNU tar and bsdtar list large files and odd owners without a word", arguments: ["tar", "bsdtar"])
  func others(program: String) throws {
    guard try TestProcess.run(["sh", "-c", "command -v \(program)"]).status == 0 else { return }
    let lab = try PackLab()
    var archive: [UInt8] = []
    var encoder = TarEncoder()
    var random = SeededGenerator(seed: SeededGenerator.runSeed)
    for _ in 0..<200 {
      var member = try Self.member(&random)
      // What GNU tar has no name for, or complains of though it keeps it: names that lead out are shortened, with a word.
      if Self.leadsOut(member.name) { continue }
      if case .hardLink(let target) = member.kind, Self.leadsOut(target) { continue }
      member.attributes.removeAll { $0.name.contains("=") }
      member.modified.seconds = max(1, min(member.modified.seconds, 9_000_000_000))
      if member.name.bytes.contains(UInt8(ascii: "\n")) { continue }
      encoder.append(member, to: &archive)
      archive += [UInt8](repeating: 0, count: Int(member.dataBytes) + TarEncoder.padding(member.dataBytes))
    }
    try lab.write(archive + TarEncoder.ending, to: "a.tar")
    let result = try TestProcess.run([program, "-tvf", lab.scratch.at("a.tar")], environment: ["LC_ALL": "C.UTF-8"])
    #expect(result.status == 0 && result.errorText.isEmpty, "\(result.errorText)")
  }
}
