internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import ArchiveKit

@Suite("gzip")
struct GzipSourceTests {
  private static let text = Array("INSERT INTO t VALUES (1, 'one'), (2, 'two');\n".utf8)

  private static func read(_ file: [UInt8], largestRead: Int = .max, readBytes: Int = 4096) throws -> [UInt8] {
    var source = try GzipSource(MemorySource(file, largestRead: largestRead), named: "x.gz")
    return try source.readAll(readBytes: readBytes)
  }

  private static func refusal(_ file: [UInt8]) -> RecoverError? {
    do {
      _ = try read(file)
      return nil
    } catch {
      return error as? RecoverError
    }
  }

  @Test("members are read as one stream, however the reads fall", arguments: [1, 2, 7, 4096])
  func members(size: Int) throws {
    let long = (0..<50_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    let file = [Self.text, [], long, Self.text].flatMap { GzipWriter.member($0) }
    let all = Self.text + long + Self.text
    #expect(try Self.read(file, largestRead: size) == all)
    #expect(try Self.read(file, readBytes: size) == all)
  }

  @Test("zero bytes after the last member are padding")
  func padding() throws {
    for count in [1, 511, 300_000] {
      #expect(try Self.read(GzipWriter.member(Self.text) + [UInt8](repeating: 0, count: count)) == Self.text)
    }
  }

  @Test(
    "anything else after the last member is refused with its place",
    arguments: [[1], Array("garbage".utf8), [0, 0, 7], [0x1F, 0x8C, 8, 0]] as [[UInt8]])
  func garbage(tail: [UInt8]) throws {
    let member = GzipWriter.member(Self.text)
    let error = try #require(Self.refusal(member + tail))
    #expect(error.code == .backupRefused)
    let place = member.count + tail.prefix { $0 == 0 }.count
    #expect(error.message.contains("compressed byte \(place)") || error.message.contains("member 2"))
  }

  @Test("padding is not followed by another member")
  func memberAfterPadding() throws {
    let member = GzipWriter.member(Self.text)
    #expect(Self.refusal(member + [0] + member)?.code == .backupRefused)
  }

  @Test("a truncated member is refused with the byte at which it ends")
  func truncation() throws {
    let file = GzipWriter.member(Self.text) + GzipWriter.member(Self.text, level: 0)
    let first = GzipWriter.member(Self.text).count
    for count in 0..<file.count where count != first {
      let error = try #require(Self.refusal(Array(file.prefix(count))), "cut at \(count)")
      #expect(error.code == .backupRefused)
      #expect(count == 0 || error.message.contains("ends at compressed byte \(count)"), "\(error.message)")
    }
  }

  @Test("a flipped bit is refused, or is one that carries nothing")
  func flips() throws {
    for level in [Int32(0), 6] {
      let file = GzipWriter.member(Self.text, level: level)
      for bit in 0..<file.count * 8 {
        var damaged = file
        damaged[bit / 8] ^= 1 << (bit % 8)
        if let error = Self.refusal(damaged) {
          #expect(error.code == .backupRefused)
        } else {
          // RFC 1952, 2.3.1: FTEXT, MTIME, XFL and OS carry no check.
          let isHeader = (4...9).contains(bit / 8) || bit == 3 * 8
          // RFC 1951, 3.2.4: the bits between a stored block's three-bit header and the next byte.
          let isFiller = level == 0 && (10 * 8 + 3..<11 * 8).contains(bit)
          #expect(isHeader || isFiller, "bit \(bit)")
          #expect(try Self.read(damaged) == Self.text)
        }
      }
    }
  }

  @Test("what came before a damaged place is given out first")
  func damagedTail() throws {
    var file = GzipWriter.member(Self.text)
    file[file.count - 8] ^= 1
    var source = try GzipSource(MemorySource(file), named: "x.gz")
    #expect(throws: RecoverError.self) { _ = try source.readAll() }
    #expect(throws: RecoverError.self) { _ = try source.readAll() }
  }

  @Test("a wrong length in the trailer is refused although the CRC is right")
  func length() throws {
    var file = GzipWriter.member(Self.text)
    file[file.count - 1] ^= 1
    #expect(Self.refusal(file)?.message.contains("length") == true)
  }

  @Test("a file that is not gzip is refused by name", arguments: [[], Array("--\n-- PostgreSQL".utf8), [0]])
  func notGzip(file: [UInt8]) throws {
    let error = try #require(Self.refusal(file))
    #expect(error.code == .backupRefused)
    #expect(error.message.contains("x.gz"))
  }

  @Test("consumed bytes count what was inflated, and end at the file's size")
  func consumed() throws {
    let file = GzipWriter.member((0..<500_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) })
    var source = try GzipSource(MemorySource(file, largestRead: 1000), named: "x.gz")
    var last: Int64 = 0
    var buffer = [UInt8](repeating: 0, count: 4096)
    while try unsafe buffer.withUnsafeMutableBytes({ unsafe try source.read(into: $0) }) > 0 {
      #expect(source.consumedBytes >= last)
      last = source.consumedBytes
    }
    #expect(source.consumedBytes == Int64(file.count))
  }

  @Test("random contents in random members come back whole; a random cut or flip never gives other bytes")
  func property() throws {
    try Property.check { random in
      var file: [UInt8] = []
      var all: [UInt8] = []
      for _ in 0..<random.int(1...4) {
        let content = random.bytes(random.int(0...200), below: random.chance(1, of: 2) ? 256 : 3)
        file += GzipWriter.member(content, level: Int32(random.int(0...9)))
        all += content
      }
      if random.chance(1, of: 3) { file += [UInt8](repeating: 0, count: random.int(1...40)) }
      var source = try GzipSource(
        MemorySource(file, seed: random.next()), named: "x.gz", bufferBytes: random.int(1...64))
      try Property.require(try source.readAll(readBytes: random.int(1...300)) == all, "other content")
      file[random.int(0...file.count - 1)] ^= 1 << UInt8(random.int(0...7))
      if let content = try? Self.read(file) { try Property.require(content == all, "a flip went unnoticed") }
    }
  }
}
