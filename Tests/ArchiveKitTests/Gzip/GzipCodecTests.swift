import RecoverBase
import RecoverTestSupport
import Testing

@testable import ArchiveKit

@Suite("Gzip codecs")
struct GzipCodecTests {
  private static func content(_ generator: inout SeededGenerator) -> [UInt8] {
    let count = Int.random(in: 0...3000, using: &generator)
    let alphabet = UInt8.random(in: 1...255, using: &generator)
    return (0..<count).map { _ in UInt8.random(in: 0...alphabet, using: &generator) }
  }

  @Test("what a codec writes, zlib reads, member after member", arguments: GzipCodec.allCases, [1, 6, 9])
  func roundTrip(codec: GzipCodec, level: Int) throws {
    let compressor = try codec.makeCompressor(level: level)
    try Property.check(cases: 400) { generator in
      let contents = (0..<3).map { _ in Self.content(&generator) }
      var (file, member) = ([UInt8](), [UInt8]())
      for content in contents {
        try compressor.compress(content.span, into: &member)
        file += member
      }
      var source = try GzipSource(MemorySource(file), named: "members")
      let read = try source.readAll(readBytes: 1000)
      try Property.require(read == contents.flatMap(\.self), "other bytes")
    }
  }

  @Test("gunzip reads what a codec writes", arguments: GzipCodec.allCases)
  func gunzip(codec: GzipCodec) throws {
    let content = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
    var (file, member) = ([UInt8](), [UInt8]())
    let compressor = try codec.makeCompressor(level: 6)
    for part in [content[..<100_000], content[100_000...]] {
      try compressor.compress(Array(part).span, into: &member)
      file += member
    }
    #expect(try TestProcess.output(["gunzip", "-c"], input: .bytes(file)) == content)
    #expect(file.count < content.count)
  }
}
