internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import ArchiveKit

@Suite("tar archives of other programs")
struct TarPropertyTests {
  struct Writer: CustomTestStringConvertible, Sendable {
    let command: [String]
    /// Whether it keeps the time below the second.
    let hasNanoseconds: Bool
    /// The times that it can write.
    var times: ClosedRange<Int64> = -2_000_000_000...10_000_000_000

    var testDescription: String { command.joined(separator: " ") }
  }

  static let writers = [
    Writer(command: ["tar", "--format=posix"], hasNanoseconds: true),
    Writer(command: ["tar", "--format=gnu"], hasNanoseconds: false),
    Writer(command: ["tar", "--format=posix", "--sparse", "--sparse-version=0.1"], hasNanoseconds: true),
    // Times before 1970 are half wrong in what it writes (docs/tar-format.md), or have no form.
    Writer(command: ["bsdtar", "--format=pax"], hasNanoseconds: true, times: 0...10_000_000_000),
    Writer(command: ["bsdtar", "--format=gnutar"], hasNanoseconds: false, times: 0...8_000_000_000),
  ]

  /// Each entry is a case: names of any bytes, paths of many hundred, odd modes and times.
  @Test("a random tree is read as it is on disk, and as GNU tar lists it", arguments: writers)
  func trees(writer: Writer) throws {
    guard try TestProcess.run(["sh", "-c", "command -v \(writer.command[0])"]).status == 0 else { return }
    try Property.check(cases: 4) { random in
      let scratch = try ScratchDirectory()
      try TestProcess.output(["mkdir", scratch.at("tree")])
      let tree = try RandomTree(in: scratch.at("tree"), entries: 500, times: writer.times, &random)
      try TestProcess.output(
        writer.command + ["-c", "-z", "-f", scratch.at("a.tar.gz"), "-C", scratch.at("tree"), "."],
        environment: ["LC_ALL": "C.UTF-8"])
      let (found, listing) = try Self.read(scratch.at("a.tar.gz"), writer)
      let expected = tree.expected.mapValues { entry in
        var entry = entry
        if !writer.hasNanoseconds { entry.modified.nanoseconds = 0 }
        return entry
      }
      for (path, entry) in expected where found[path] != entry {
        throw RecoverError(
          .checkFailed, "\(TarName(path)): \(entry) was read as \(found[path]?.description ?? "nothing")")
      }
      try Property.require(found.count == expected.count, "more entries than there are")
      let theirs = try TarListing.gnu(scratch.at("a.tar.gz")) ?? []
      try Property.require(theirs.count == listing.count, "GNU tar lists \(theirs.count) members")
      for (their, our) in zip(theirs, listing) {
        // GNU tar 1.34 shows the part below the second wrongly before 1970.
        let isShownWrongly = our.time < "1970" && our.time.contains(".")
        let same = isShownWrongly ? their.name == our.name : their == our
        try Property.require(same, "GNU tar lists \(their), we list \(our)")
      }
    }
  }

  private static func read(
    _ path: String, _ writer: Writer
  ) throws -> (entries: [[UInt8]: RandomTree.Entry], listing: [TarListing]) {
    var reader = try TarFile(path: path).open()
    var found: [[UInt8]: RandomTree.Entry] = [:]
    var listing: [TarListing] = []
    var buffer = [UInt8](repeating: 0, count: 1000)
    while let member = try reader.next() {
      listing.append(TarListing(member))
      var content = [UInt8](repeating: 0, count: Int(member.size))
      while let piece = try unsafe buffer.withUnsafeMutableBytes({ try unsafe reader.read(into: $0) }) {
        content.replaceSubrange(
          Int(piece.offset)..<Int(piece.offset + piece.byteCount), with: buffer[..<Int(piece.byteCount)])
      }
      let path = try TreePath(member.name)
      if path.isRoot { continue }
      found[path.bytes] = RandomTree.Entry(
        kind: member.kindText, mode: member.mode, modified: member.modified, content: content,
        target: member.linkTarget?.bytes ?? [])
    }
    return (found, listing)
  }
}
