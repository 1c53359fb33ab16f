internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import ArchiveKit

@Suite("streams of gzip members", .serialized)
struct MemberStreamTests {
  private static func content(_ archive: MemoryArchive) throws -> [UInt8] {
    var source = try GzipSource(MemorySource(archive.bytes), named: "x")
    var (content, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 1 << 20))
    while true {
      let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe source.read(into: $0) }
      if count == 0 { return content }
      content += buffer[..<count]
    }
  }

  @Test("whatever is written, marked and taken back, the members hold what is left, cut at every MiB")
  func rewinds() throws {
    try Property.check(cases: 15) { random in
      let archive = MemoryArchive()
      var (expected, marked) = ([UInt8](), 0)
      try MemberStream.writing(to: archive, .libdeflate, level: 1, threads: random.int(1...4)) { stream in
        try stream.mark()
        for _ in 0..<random.int(0...30) {
          switch random.int(0...5) {
          case 0:
            try stream.mark()
            marked = expected.count
          case 1:
            try stream.rewind()
            expected.removeLast(expected.count - marked)
          case 2:
            let count = random.int(0...1_500_000)
            try stream.appendZeros(Int64(count))
            expected += [UInt8](repeating: 0, count: count)
          default:
            let bytes = random.bytes(random.pick([0, 1, 100, 700_000]), below: 256)
            try stream.append(bytes)
            expected += bytes
          }
          try Property.require(stream.offset == Int64(expected.count), "it stands at \(stream.offset)")
        }
      }
      let found = expected.isEmpty ? [] : try Self.content(archive)
      try Property.require(found == expected, "\(found.count) bytes instead of \(expected.count)")
      let sizes = archive.members.map(\.contentBytes)
      try Property.require(sizes.dropLast().allSatisfy { $0 == MemberStream.memberBytes }, "\(sizes)")
      for member in archive.members {
        try Property.require(MemberMark.size(member.bytes[...]) == member.bytes.count, "a member has a wrong mark")
        try Property.require(Digest(of: member.bytes) == member.sha256, "a member has a wrong digest")
      }
    }
  }

  private final class FullDisk: MemberSink {
    func append(_ member: PackedMember) throws { throw RecoverError(.noSpace, "the disk is full") }
    func save() {}
    func restore() throws {}
  }

  @Test("what the sink refuses ends the writer, and does not hang it")
  func failure() throws {
    #expect(throws: RecoverError.self) {
      try MemberStream.writing(to: FullDisk(), .zlib, level: 1, threads: 2) { try $0.appendZeros(100 << 20) }
    }
    struct Own: Error {}
    #expect(throws: Own.self) {
      try MemberStream.writing(to: MemoryArchive(), .zlib, level: 1, threads: 2) { stream in
        try stream.appendZeros(5 << 20)
        throw Own()
      }
    }
  }

  /// A tar archive of one file in marked members, and the file's bytes.
  private static func archive(_ random: inout SeededGenerator, _ codec: GzipCodec) throws -> (MemoryArchive, [UInt8]) {
    let archive = MemoryArchive()
    let content = random.bytes(2_500_000, below: 50)
    try MemberStream.writing(to: archive, codec, level: 1, threads: 2) { stream in
      var builder = TarBuilder()
      builder.add(TarBuilder.Header("f"), data: content)
      try stream.append(builder.bytes + TarEncoder.ending)
    }
    return (archive, content)
  }

  private static func read(_ path: String, threads: Int = 3) throws -> [UInt8] {
    try PipelinedSource.reading(try TarFile(path: path), threads: threads, Interruption()) { reader in
      var (content, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 100_000))
      while try reader.next() != nil {
        while let piece = try unsafe buffer.withUnsafeMutableBytes({ try unsafe reader.read(into: $0) }) {
          content += buffer[..<Int(piece.byteCount)]
        }
      }
      return content
    }
  }

  @Test(
    "several threads inflate what one does, padding and members of others behind it included",
    arguments: GzipCodec.allCases)
  func parallel(codec: GzipCodec) throws {
    let lab = try PackLab()
    var random = SeededGenerator(seed: SeededGenerator.runSeed)
    let (archive, content) = try Self.archive(&random, codec)
    let zeros = [UInt8](repeating: 0, count: 700)
    for bytes in [
      archive.bytes, archive.bytes + zeros, archive.bytes + GzipWriter.member(zeros) + GzipWriter.member(zeros),
    ] {
      try lab.write(bytes, to: "a.tar.gz")
      for threads in [1, 5] { #expect(try Self.read(lab.scratch.at("a.tar.gz"), threads: threads) == content) }
      let survey = try TarSurvey(try TarFile(path: lab.scratch.at("a.tar.gz")))
      #expect(survey.sha256 == Digest(of: bytes) && survey.fileBytes == Int64(bytes.count))
    }
  }

  @Test("a damaged or cut archive of marked members is refused, wherever that is; or the damage means nothing")
  func damage() throws {
    let lab = try PackLab()
    var random = SeededGenerator(seed: SeededGenerator.runSeed)
    let (archive, content) = try Self.archive(&random, .libdeflate)
    // In the data, and in the trailer and the header of a member, its mark included.
    let second = archive.members[0].bytes.count
    let data = (0..<4).map { _ in random.int(second + MemberMark.headerBytes...archive.bytes.count - 1) }
    let trailer = [second - 1, second - 4, second - 5, second - 8]
    let header = [0, 2, 3, 10, 12, 14, 16, 18, 19].map { second + $0 }
    for place in data + trailer + header {
      var bytes = archive.bytes
      bytes[place] ^= UInt8(1 << random.int(0...7))
      try lab.write(bytes, to: "a.tar.gz")
      let found = try? Self.read(lab.scratch.at("a.tar.gz"))
      // Nothing but the mark may be wrong: then the member is read as anybody's.
      #expect(found == nil || (header.contains(place) && found == content), "byte \(place)")
    }
    for cut in [1, 9, second, archive.bytes.count - 20, archive.bytes.count - second] {
      try lab.write(Array(archive.bytes.dropLast(cut)), to: "a.tar.gz")
      #expect(throws: RecoverError.self, "without \(cut) bytes") { try Self.read(lab.scratch.at("a.tar.gz")) }
    }
  }

  @Test("whoever stops reading in the middle, or throws, ends the threads")
  func early() throws {
    let lab = try PackLab()
    var random = SeededGenerator(seed: SeededGenerator.runSeed)
    try lab.write(try Self.archive(&random, .libdeflate).0.bytes, to: "a.tar.gz")
    struct Own: Error {}
    #expect(throws: Own.self) {
      try PipelinedSource.reading(try TarFile(path: lab.scratch.at("a.tar.gz")), Interruption()) { reader in
        _ = try reader.next()
        throw Own()
      }
    }
  }
}
