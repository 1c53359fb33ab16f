internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import ArchiveKit

@Suite("tar: sparse files")
struct TarSparseTests {
  /// Data in some places of a file of 40 MiB, and a hole at its end.
  private static let script = """
    truncate -s 40M sparse
    for place in 0 3 77 4000 9000; do
      printf 'data at %s' $place | dd of=sparse bs=4096 seek=$place conv=notrunc status=none
    done
    truncate -s 10M hole
    """

  @Test(
    "every form that GNU tar and bsdtar write comes back byte by byte",
    arguments: [
      "tar --sparse --format=gnu", "tar --sparse --format=posix --sparse-version=0.0",
      "tar --sparse --format=posix --sparse-version=0.1", "tar --sparse --format=posix --sparse-version=1.0",
      "bsdtar --format=pax",
    ])
  func forms(writer: String) throws {
    let scratch = try ScratchDirectory()
    try TestProcess.output(["sh", "-ec", Self.script], directory: scratch.path)
    guard try TestProcess.run(["sh", "-c", "command -v \(writer.split(separator: " ")[0])"]).status == 0 else { return }
    try TestProcess.output(
      ["sh", "-ec", "\(writer) -cf a.tar sparse hole; tar -c sparse hole > plain.tar"], directory: scratch.path)
    let archive = try FileSource.bytes(of: scratch.at("a.tar"), at: 0, count: 1 << 20)
    // So small only where the holes are none of it.
    #expect(archive.count < 1 << 20)
    var reader = try TarFile(path: scratch.at("a.tar")).open()
    for name in ["sparse", "hole"] {
      let member = try #require(try reader.next())
      #expect("\(member.name)" == name)
      let size = name == "sparse" ? 40 << 20 : 10 << 20
      #expect(member.size == Int64(size) && member.sparse != nil)
      var content = [UInt8](repeating: 0, count: size)
      var buffer = [UInt8](repeating: 0, count: 5000)
      while let piece = try unsafe buffer.withUnsafeMutableBytes({ try unsafe reader.read(into: $0) }) {
        content.replaceSubrange(
          Int(piece.offset)..<Int(piece.offset + piece.byteCount), with: buffer[..<Int(piece.byteCount)])
      }
      #expect(content == (try FileSource.bytes(of: scratch.at(name), at: 0, count: size + 1)), "\(name)")
    }
    #expect(try reader.next() == nil)
  }

  struct Bomb: CustomTestStringConvertible, Sendable {
    let records: [(String, String)]
    let data: String
    let testDescription: String
  }

  static let bombs: [Bomb] = [
    Bomb(
      records: [("GNU.sparse.size", "9"), ("GNU.sparse.map", "4,2,3,2")], data: "abcd", testDescription: "overlapping"),
    Bomb(
      records: [("GNU.sparse.size", "9"), ("GNU.sparse.map", "8,2")], data: "ab", testDescription: "beyond the end"),
    Bomb(
      records: [("GNU.sparse.size", "9"), ("GNU.sparse.map", "0,2")], data: "abc", testDescription: "too much data"),
    Bomb(
      records: [("GNU.sparse.size", "9"), ("GNU.sparse.map", "0,9223372036854775807")], data: "abc",
      testDescription: "overflow"),
    Bomb(records: [("GNU.sparse.size", "9"), ("GNU.sparse.map", "1")], data: "", testDescription: "half a piece"),
    Bomb(
      records: [("GNU.sparse.size", "9"), ("GNU.sparse.numblocks", "2"), ("GNU.sparse.map", "0,1")], data: "a",
      testDescription: "another number of pieces"),
    Bomb(
      records: [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "9")],
      data: "99999999999\n", testDescription: "a map of too many pieces"),
    Bomb(
      records: [("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.realsize", "9")],
      data: "2\n0\n", testDescription: "a map beyond the data"),
    Bomb(records: [("GNU.sparse.major", "2"), ("GNU.sparse.minor", "0")], data: "", testDescription: "a new version"),
    Bomb(records: [("GNU.sparse.offset", "1")], data: "", testDescription: "an offset without its bytes"),
  ]

  @Test("a sparse map that lies is refused", arguments: bombs)
  func bomb(bomb: Bomb) throws {
    let error = try #require(
      TarReading.refusal(
        TarBuilder.archive {
          $0.add(pax: bomb.records)
          $0.add(file: "f", bomb.data)
        }))
    #expect(error.code == .backupRefused && error.message.contains("sparse"), "\(error.message)")
  }

  @Test("a file of eight exabytes in one hole counts against the budget")
  func hugeHole() throws {
    let archive = TarBuilder.archive {
      $0.add(pax: [("GNU.sparse.size", "9223372036854775807"), ("GNU.sparse.map", "")])
      $0.add(file: "f")
      $0.add(file: "g", "x")
    }
    #expect(TarReading.refusal(archive)?.message.contains("which is the limit") == true)
    let budget = TarBudget(entries: 10, contentBytes: .max, archiveBytes: .max)
    // Nothing overflows where the budget is all there is.
    #expect(TarReading.refusal(archive, budget: budget)?.message.contains("in the member g") == true)
  }
}
