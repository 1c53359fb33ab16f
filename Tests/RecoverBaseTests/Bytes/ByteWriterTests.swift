internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@Suite("numbers and texts as bytes")
struct ByteWriterTests {
  @Test("every number comes back", arguments: [0, 1, -1, 63, 64, -64, -65, 127, 128, 1 << 40, .max, .min] as [Int64])
  func numbers(number: Int64) throws {
    var writer = ByteWriter()
    writer.put(number)
    #expect(writer.bytes.count <= (abs(Double(number)) < 64 ? 1 : 10))
    var reader = ByteReader(writer.bytes)
    #expect(try reader.number() == number)
    #expect(reader.isAtEnd)
  }

  @Test("texts, bytes, options and arrays come back")
  func values() throws {
    var writer = ByteWriter()
    writer.put("ü\\n")
    writer.put([0, 255] as [UInt8])
    writer.put(nil as String?) { $0.put($1) }
    writer.put("x" as String?) { $0.put($1) }
    writer.put([1, 2, 3]) { $0.put($1) }
    var reader = ByteReader(writer.bytes)
    #expect(try reader.text() == "ü\\n")
    #expect(try reader.content() == [0, 255])
    #expect(try reader.optional { try $0.text() } == nil)
    #expect(try reader.optional { try $0.text() } == "x")
    #expect(try reader.array { try $0.int() } == [1, 2, 3])
    #expect(reader.isAtEnd)
  }

  @Test(
    "what no writer wrote is an error",
    arguments: [[], [0x80], [6], [3, 1], [9, 0xFF, 0xFF, 1], [UInt8](repeating: 0xFF, count: 11)] as [[UInt8]])
  func damaged(bytes: [UInt8]) {
    #expect(throws: ByteReader.Damaged.self) {
      var reader = ByteReader(bytes)
      _ = try reader.array { try $0.text() }
      guard reader.isAtEnd else { throw ByteReader.Damaged() }
    }
  }
}
