internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import ArchiveKit

@Suite("tar: parts of an archive")
struct TarSelectionTests {
  /// Directories first, as archives have them; `=` in front of a target makes a hard link.
  private static func archive(_ names: [String], top: String = "") -> [UInt8] {
    TarBuilder.archive { tar in
      for name in names {
        let parts = name.split(separator: "=", maxSplits: 1).map(String.init)
        var header = TarBuilder.Header(top + parts[0])
        if name.hasSuffix("/") { header.typeflag = "5" }
        if parts.count == 2 { (header.typeflag, header.linkName) = ("1", Array((top + parts[1]).utf8)) }
        tar.add(header, data: header.typeflag == "0" ? Array(parts[0].utf8) : [])
      }
    }
  }

  private static let names = [
    "./", "data/", "data/a", "data/b.log", "data/sub/", "data/sub/c", "data/sub/d.log", "logs/", "logs/l", "x",
  ]

  private struct Taken: Equatable {
    var names: [String] = []
    var leftOut: Int64 = 0
  }

  private static func take(
    _ archive: [UInt8], include: [String] = [], exclude: [String] = [], strip: Int = 0
  ) throws -> (taken: Taken, contents: [String: String], leftOut: TarLeftOut) {
    var reader = TarReader(MemorySource(archive), named: "x.tar")
    try reader.select(try TarSelection(includes: include, excludes: exclude, strippedComponents: strip))
    var taken = Taken()
    var contents: [String: String] = [:]
    var buffer = [UInt8](repeating: 0, count: 512)
    while let member = try reader.next() {
      let target = member.linkTarget.map { "=\($0)" } ?? ""
      taken.names.append("\(member.name)\(target)")
      guard member.kind == .file else { continue }
      let piece = try unsafe buffer.withUnsafeMutableBytes { try unsafe reader.read(into: $0) }
      contents["\(member.name)"] = String(decoding: buffer[..<Int(piece?.byteCount ?? 0)], as: UTF8.self)
    }
    taken.leftOut = reader.leftOut.members.count
    return (taken, contents, reader.leftOut)
  }

  private static func refusal(
    _ archive: [UInt8], include: [String] = [], exclude: [String] = [], strip: Int = 0
  ) -> RecoverError? {
    do {
      _ = try take(archive, include: include, exclude: exclude, strip: strip)
      return nil
    } catch {
      return error as? RecoverError
    }
  }

  struct Case: Sendable {
    var include: [String] = []
    var exclude: [String] = []
    var strip = 0
    var names: [String]
  }

  @Test(
    "what is taken: with what leads to it, and with what is in it",
    arguments: [
      Case(include: ["/x"], names: ["./", "x"]),
      Case(include: ["./data/a"], names: ["./", "data/", "data/a"]),
      Case(include: ["*.log"], names: ["./", "data/", "data/b.log", "data/sub/", "data/sub/d.log"]),
      Case(include: ["sub/"], names: ["./", "data/", "data/sub/", "data/sub/c", "data/sub/d.log"]),
      Case(include: ["data"], exclude: ["sub", "*.log"], names: ["./", "data/", "data/a"]),
      Case(exclude: ["/data/**", "l"], names: ["./", "data/", "logs/", "x"]),
      Case(include: ["data/**/d.log"], names: ["./", "data/", "data/sub/", "data/sub/d.log"]),
      Case(include: ["/data"], strip: 1, names: [".", "a", "b.log", "sub", "sub/c", "sub/d.log"]),
      Case(include: ["c"], strip: 2, names: [".", "c"]),
    ])
  func taken(one: Case) throws {
    let archive = Self.archive(Self.names)
    let (taken, contents, _) = try Self.take(archive, include: one.include, exclude: one.exclude, strip: one.strip)
    #expect(taken.names == one.names)
    // The data is that of the member itself, also behind a directory that had to wait for it.
    for (name, content) in contents { #expect(content.hasSuffix(name), "\(name)") }
    let dropped = one.strip == 0 ? 0 : one.strip
    #expect(taken.leftOut == Int64(Self.names.count - one.names.count - dropped))
  }

  @Test("which entries something was left out of is known, by the names that they get")
  func torn() throws {
    let archive = Self.archive(Self.names)
    var leftOut = try Self.take(archive, exclude: ["*.log"]).leftOut
    #expect(leftOut.touches(TarName(Array("data".utf8))) && !leftOut.touches(TarName(Array("logs".utf8))))
    // A directory that nothing was taken of is left out as well.
    leftOut = try Self.take(archive, include: ["data/a"]).leftOut
    #expect(leftOut.touches(TarName(Array("data".utf8))) && leftOut.touches(TarName(Array("logs".utf8))))
    leftOut = try Self.take(archive, include: ["/data"], exclude: ["c"], strip: 1).leftOut
    #expect(leftOut.touches(TarName(Array("sub".utf8))) && !leftOut.touches(TarName(Array("data".utf8))))
    #expect(try Self.take(archive, strip: 0).leftOut.isEmpty)
  }

  @Test("hard links come with what they are links to, under its new name, or are refused by name")
  func hardLinks() throws {
    let archive = Self.archive(["d/", "d/a", "d/b=d/a", "d/c=d/b"])
    #expect(try Self.take(archive, strip: 1).taken.names == [".", "a", "b=a", "c=b"])
    #expect(try Self.take(archive, exclude: ["c"]).taken.names == ["d/", "d/a", "d/b=d/a"])
    let refusal = Self.refusal(archive, exclude: ["a"])
    #expect(refusal?.code == .usage && refusal?.message.contains("d/b is a hard link to d/a") == true)
    #expect(Self.refusal(archive, include: ["c"])?.message.contains("d/c is a hard link to d/b") == true)
  }

  @Test("a pattern that matches nothing is refused, and so is taking nothing, and what is no pattern")
  func nothing() throws {
    let archive = Self.archive(Self.names)
    #expect(Self.refusal(archive, include: ["data", "dta"])?.message.contains("--include 'dta'") == true)
    #expect(Self.refusal(archive, include: ["data"], exclude: ["*.tmp"])?.message.contains("--exclude '*.tmp'") == true)
    #expect(Self.refusal(archive, include: ["x"], exclude: ["x"])?.message.contains("nothing of x.tar is left") == true)
    for pattern in ["", "/", "# x", "!x"] {
      #expect(throws: RecoverError.self) { try TarSelection(includes: [pattern], excludes: []) }
    }
    #expect(throws: RecoverError.self) { try TarSelection(includes: [], excludes: [], strippedComponents: -1) }
  }

  @Test("names that become empty, and directories that would become one, are refused")
  func stripped() throws {
    let archive = Self.archive(["README", "one/", "one/a", "two/", "two/a"])
    let empty = Self.refusal(archive, strip: 1)
    #expect(empty?.message.contains("leaves nothing of the name README") == true, "\(empty?.message ?? "")")
    let merged = Self.refusal(archive, exclude: ["README"], strip: 1)
    #expect(merged?.message.contains("one directory of one and two") == true, "\(merged?.message ?? "")")
    #expect(try Self.take(archive, include: ["/two"], strip: 1).taken.names == [".", "a"])
    // What would lead out of the tree is left to whoever refuses that.
    #expect(try Self.take(Self.archive(["../up", "/abs"]), strip: 1).taken.names == ["../up", "/abs"])
  }

  @Test("what is left out is read and checked like the rest")
  func checked() throws {
    var archive = Self.archive(Self.names)
    archive.removeLast(1024)
    #expect(Self.refusal(archive, include: ["x"])?.code == .backupRefused)
  }
}
