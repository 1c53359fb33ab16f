internal import RecoverTestSupport
internal import Testing

@testable internal import ArchiveKit

@Suite("sets of inodes")
struct InodeSetTests {
  @Test("it holds exactly what was put in, and neighbours cost nothing")
  func random() throws {
    try Property.check(cases: 2_000) { random in
      var (set, plain) = (InodeSet(), Set<UInt64>())
      for _ in 0..<random.int(1...60) {
        let inode = UInt64(random.int(0...80))
        set.insert(inode)
        plain.insert(inode)
      }
      for inode in UInt64(0)...81 { try Property.require(set.contains(inode) == plain.contains(inode), "\(inode)") }
      let runs = plain.filter { !plain.contains($0 + 1) }.count
      try Property.require(set.runCount == runs, "runs are joined")
    }
    var set = InodeSet()
    set.insert(.max)
    set.insert(.max - 1)
    #expect(set.contains(.max) && set.runCount == 1)
  }
}
