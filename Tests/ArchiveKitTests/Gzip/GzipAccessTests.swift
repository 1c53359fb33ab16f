internal import CZlib
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import ArchiveKit

@Suite("gzip access points")
struct GzipAccessTests {
  /// A file of random members, and the places that were recorded while it was read.
  private struct World {
    var content: [UInt8] = []
    var file: [UInt8] = []
    /// Where members end.
    var ends: Set<Int> = []
    var points: [(point: GzipAccessPoint, window: [UInt8])] = []

    init(_ random: inout SeededGenerator) throws {
      let isLarge = random.chance(1, of: 100)
      for _ in 0..<random.int(1...3) {
        let part = World.content(&random, count: random.int(0...(isLarge ? 90_000 : 1_200)))
        content += part
        file += GzipWriter.member(
          part, level: Int32(random.int(0...9)), memory: Int32(random.pick([1, 1, 2, 8])),
          strategy: random.pick([Z_DEFAULT_STRATEGY, Z_FIXED, Z_HUFFMAN_ONLY, Z_RLE]))
        ends.insert(file.count)
      }
      try record(interval: Int64(random.int(1...1_000)), readBytes: random.pick([1, 100, 4_096, 100_000]))
    }

    private static func content(_ random: inout SeededGenerator, count: Int) -> [UInt8] {
      var content: [UInt8] = []
      while content.count < count {
        if content.count > 10, random.chance(2, of: 3) {
          // What was there before, near or far.
          let start = content.count - random.int(1...min(content.count, 32_768))
          content += content[start..<min(content.count, start + random.int(3...300))]
        } else {
          content += random.bytes(random.int(1...60), below: random.pick([4, 256]))
        }
      }
      return Array(content.prefix(count))
    }

    private mutating func record(interval: Int64, readBytes: Int) throws {
      final class Recorded { var points: [(GzipAccessPoint, [UInt8])] = [] }
      let recorded = Recorded()
      let recorder = GzipAccessRecorder(intervalBytes: interval) { recorded.points.append(($0, $1)) }
      var source = try GzipSource(MemorySource(file), named: "x.gz", recorder: recorder)
      try Property.require(try source.readAll(readBytes: readBytes) == content, "recording changed the content")
      points = recorded.points
    }

    func source(at index: Int, of file: [UInt8]) throws -> GzipSource<MemorySource> {
      let (point, window) = points[index]
      let source = MemorySource(file, from: Int(point.fileOffset))
      return try GzipSource(source, named: "x.gz", at: point, window: window, bufferBytes: 64)
    }
  }

  @Test("reading on from any point, or any byte behind it, gives the same bytes")
  func anyOffset() throws {
    var (blocks, members) = (0, 0)
    try Property.check { random in
      let world = try World(&random)
      var before: Int64 = 0
      for (point, _) in world.points {
        try Property.require(point.offset > before, "points stand in order: \(world.points.map(\.point))")
        before = point.offset
        if point.rest == nil { members += 1 } else { blocks += 1 }
      }
      guard !world.points.isEmpty else { return }
      let index = random.int(0...world.points.count - 1)
      var source = try world.source(at: index, of: world.file)
      let start = Int(world.points[index].point.offset)
      let skipped = Int64(random.int(0...world.content.count - start))
      try Property.require(try source.skip(skipped) == skipped, "too few bytes")
      let rest = try source.readAll(readBytes: random.pick([1, 77, 5_000]))
      try Property.require(rest == Array(world.content[(start + Int(skipped))...]), "\(world.points[index].point)")
    }
    #expect(blocks > 1_000 && members > 1_000, "too few points: \(blocks) blocks, \(members) members")
  }

  @Test("a flipped bit or a cut behind the point is refused with its place, or is one that carries nothing")
  func damage() throws {
    try Property.check { random in
      let world = try World(&random)
      guard !world.points.isEmpty else { return }
      let index = random.int(0...world.points.count - 1)
      let point = world.points[index].point
      let first = Int(point.fileOffset) + (point.rest == nil ? 0 : 1)
      guard first < world.file.count else { return }
      let place = random.int(first...world.file.count - 1)
      var file = world.file
      let isCut = random.chance(1, of: 3)
      if isCut { file.removeLast(file.count - place) } else { file[place] ^= 1 << UInt8(random.int(0...7)) }
      do {
        var source = try world.source(at: index, of: file)
        let rest = try source.readAll(readBytes: 4_096)
        let whole = Array(world.content[Int(point.offset)...])
        let isAccepted = isCut ? world.ends.contains(place) && whole.starts(with: rest) : rest == whole
        try Property.require(isAccepted, "damage at \(place) passed, from \(point)")
      } catch let error as RecoverError {
        try Property.require(error.code == .backupRefused, "\(error)")
        try Property.require(error.message.contains("compressed byte"), "without its place: \(error)")
      }
    }
  }

  @Test("a damaged window is refused")
  func damagedWindow() throws {
    var random = SeededGenerator(seed: 7)
    var count = 0
    while count < 100 {
      var world = try World(&random)
      guard let index = world.points.firstIndex(where: { !$0.window.isEmpty }) else { continue }
      let byte = random.int(0...world.points[index].window.count - 1)
      world.points[index].window[byte] ^= 1
      let error = #expect(throws: RecoverError.self) { _ = try world.source(at: index, of: world.file) }
      #expect(error?.code == .backupRefused)
      count += 1
    }
  }
}
