internal import Glibc
internal import RecoverTestSupport
internal import Testing

@testable internal import HostKit

@Suite("/proc/PID/stat")
struct ProcessStatTests {
  @Test(
    "a name may hold anything",
    arguments: ["sh", "a) b (", ") R 1 2 3", "", "(((", "two\nlines", "sleep) Z 1 1 1 0 -1 ("])
  func name(_ name: String) throws {
    let stat = try #require(ProcessStat(parsing: Self.line(name: name)))
    #expect(stat.name == name)
    #expect(stat.pid == 4711)
    #expect(stat.state == UInt8(ascii: "S"))
    #expect(stat.parent == 17)
    #expect(stat.session == 19)
    #expect(stat.threads == 3)
    #expect(stat.startTime == 987_654_321)
  }

  @Test("a line without all its fields is refused", arguments: ["", "1", "1 (sh", "1 (sh) S 1 1", "x (sh) S 1 1 1"])
  func incomplete(_ line: String) {
    #expect(ProcessStat(parsing: Array(line.utf8)) == nil)
  }

  @Test("the kernel's own line of this process is read")
  func own() throws {
    let stat = try #require(ProcessStat.read(getpid()))
    #expect(stat.pid == getpid())
    #expect(stat.session == getsid(0))
    #expect(stat.parent == getppid())
    #expect(stat.threads >= 1)
    #expect(!stat.isGone)
  }

  @Test(
    "a zombie is gone when none of its threads is left",
    arguments: zip(["Z 1", "Z 2", "X 0", "S 1", "D 1", "T 1"], [true, false, true, false, false, false]))
  func gone(_ state: String, _ isGone: Bool) throws {
    let parts = state.split(separator: " ")
    let stat = try #require(ProcessStat(parsing: Self.line(state: String(parts[0]), threads: String(parts[1]))))
    #expect(stat.isGone == isGone)
  }

  @Test("random names come back, and random bytes never trap")
  func random() throws {
    try Property.check { generator in
      let name = generator.bytes(generator.int(0...15)).map { $0 == 0 ? 1 : $0 }
      var line =
        Array("4711 (".utf8) + name + Array(")".utf8) + Array(Self.line(name: "").drop { $0 != 0x29 }.dropFirst())
      let stat = ProcessStat(parsing: line)
      try Property.require(stat?.name == String(decoding: name, as: UTF8.self), "name \(name)")
      try Property.require(stat?.startTime == 987_654_321, "start time after name \(name)")
      for _ in 0..<generator.int(1...8) where !line.isEmpty {
        let place = generator.int(0...(line.count - 1))
        if generator.chance(1, of: 2) { line[place] = UInt8(generator.int(0...255)) } else { line.remove(at: place) }
      }
      _ = ProcessStat(parsing: line)
      _ = ProcessStat(parsing: generator.bytes(generator.int(0...200)))
    }
  }

  private static func line(name: String = "sh", state: String = "S", threads: String = "3") -> [UInt8] {
    let rest = "17 18 19 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 \(threads) 0 987654321 1000 200 18446744073709551615"
    return Array("4711 (\(name)) \(state) \(rest)\n".utf8)
  }
}
