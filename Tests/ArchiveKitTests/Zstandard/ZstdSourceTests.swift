internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import ArchiveKit

@Suite("zstd")
struct ZstdSourceTests {
  private static let text = Array("INSERT INTO t VALUES (1, 'one'), (2, 'two');\n".utf8)

  private static func read(_ file: [UInt8], largestRead: Int = .max, readBytes: Int = 4096) throws -> [UInt8] {
    var source = try ZstdSource(MemorySource(file, largestRead: largestRead), named: "x.zst")
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

  @Test("frames are read as one stream, however the reads fall", arguments: [1, 2, 7, 4096])
  func frames(size: Int) throws {
    let long = (0..<400_000).map { UInt8(truncatingIfNeeded: $0 / 7) }
    let skippable: [UInt8] = [0x50, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]
    let file = skippable + [Self.text, [], long, Self.text].flatMap { ZstdWriter.frame($0) } + skippable
    let all = Self.text + long + Self.text
    #expect(try Self.read(file, largestRead: size) == all)
    #expect(try Self.read(file, readBytes: size) == all)
  }

  @Test("a truncated frame is refused with the byte at which it ends")
  func truncation() throws {
    let first = ZstdWriter.frame(Self.text)
    let file = first + ZstdWriter.frame(Self.text, level: 19)
    for count in 0..<file.count where count != first.count {
      let error = try #require(Self.refusal(Array(file.prefix(count))), "cut at \(count)")
      #expect(error.code == .backupRefused)
      #expect(count == 0 || error.message.contains("ends at compressed byte \(count)"), "\(error.message)")
    }
  }

  @Test("a flipped bit in a frame with a checksum is refused with its place, or carries nothing")
  func flips() throws {
    let file = ZstdWriter.frame(Self.text + Self.text)
    var refused = 0
    for bit in 0..<file.count * 8 {
      var damaged = file
      damaged[bit / 8] ^= 1 << (bit % 8)
      do {
        #expect(try Self.read(damaged) == Self.text + Self.text, "bit \(bit)")
      } catch let error as RecoverError {
        refused += 1
        #expect(error.code == .backupRefused)
        #expect(error.message.contains("compressed byte") || error.message.contains("window"), "\(error.message)")
      }
    }
    #expect(refused > file.count * 7)
  }

  @Test(
    "anything else after a frame is refused with its place", arguments: [[0], Array("garbage".utf8), [0x1F, 0x8B]])
  func garbage(tail: [UInt8]) throws {
    let frame = ZstdWriter.frame(Self.text)
    let error = try #require(Self.refusal(frame + tail))
    #expect(error.code == .backupRefused)
    #expect(error.message.contains("compressed byte"))
  }

  @Test("a window that needs more memory than is allowed is refused, with the way out")
  func window() throws {
    /// A frame without a checksum that holds one raw block, and asks for a window of 2^10 to 2^41 bytes (RFC 8878, 3.1.1).
    func frame(windowLog: UInt8) -> [UInt8] {
      [0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3, 3 << 3 | 1, 0, 0] + Array("abc".utf8)
    }
    #expect(try Self.read(frame(windowLog: 27)) == Array("abc".utf8))
    let error = try #require(Self.refusal(frame(windowLog: 28)))
    #expect(error.code == .backupRefused)
    #expect(error.hint?.contains("zstd -d --long=31") == true)
  }

  @Test("random contents in random frames come back whole; a random cut or flip never gives other bytes")
  func random() throws {
    try Property.check { random in
      let parts = (0..<random.int(1...3)).map { _ in
        random.bytes(random.int(0...300), below: random.pick([2, 256]))
      }
      let file = parts.flatMap { ZstdWriter.frame($0, level: Int32(random.int(1...6))) }
      let content = parts.flatMap { $0 }
      let size = random.pick([1, 13, 4096])
      try Property.require(try Self.read(file, largestRead: size, readBytes: size) == content, "other bytes")
      var damaged = file
      let place = random.int(0...file.count - 1)
      if random.chance(1, of: 2) {
        damaged.removeLast(file.count - place)
      } else {
        damaged[place] ^= 1 << UInt8(random.int(0...7))
      }
      if let bytes = try? Self.read(damaged) {
        // Without a trace only whole frames can be lost.
        try Property.require(bytes == content || damaged.count < file.count && content.starts(with: bytes), "damaged")
      }
    }
  }
}
