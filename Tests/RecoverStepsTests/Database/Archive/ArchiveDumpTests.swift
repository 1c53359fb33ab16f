internal import PostgresKit
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import RecoverSteps

@Suite("archives of pg_dump as one plain dump")
struct ArchiveDumpTests {
  /// An archive that is cut into many pieces, however small it is.
  private func finelyCut(_ name: String) throws -> ArchiveDump {
    let whole = try #require(try BackupFile(path: try ArchiveWorld.shared().path(name)).archive)
    return ArchiveDump(path: whole.path, form: whole.form, grain: ArchiveCuts.Grain(groupBytes: 900, largeBytes: 400))
  }

  private func read(_ path: String, from offset: Int64 = 0) throws -> [UInt8] {
    var source = try BackupSource(try BackupFile(path: path), offset: offset)
    return try source.readAll(readBytes: 10_000)
  }

  @Test("every form gives what pg_restore gives of the whole, whatever it was cut into", arguments: ArchiveWorld.forms)
  func whole(form: ArchiveWorld.Form) throws {
    let world = try ArchiveWorld.shared()
    let file = try BackupFile(path: world.path(form.name))
    let archive = try finelyCut(form.name)
    #expect(try archive.layout(nil).cuts.pieces.count > 5)
    var source = try archive.open(at: 0)
    let whole = try source.readAll(readBytes: 30_000)
    // A script of its own says again which tablespace and access method hold: they are put where they were.
    func content(_ lines: [String]) -> [String] { lines.filter { !$0.hasPrefix("SET default_table") && $0 != "" } }
    #expect(content(ArchiveWorld.lines(whole)) == content(try world.script(form.name)))
    #expect(try read(file.path) == whole, "the bytes depend on the cuts")
  }

  @Test("a source that begins at any offset gives the rest of the dump", arguments: ArchiveWorld.forms)
  func offsets(form: ArchiveWorld.Form) throws {
    let archive = try finelyCut(form.name)
    var front = try finelyCut(form.name).open(at: 0)
    let whole = try front.readAll(readBytes: 1 << 20)
    // Before it was read once, nothing is known of where pieces begin.
    for offset in [0, 1, 500, whole.count / 2, whole.count - 1, whole.count] {
      var source = try archive.open(at: Int64(offset))
      #expect(try source.readAll(readBytes: 70_000) == Array(whole[offset...]), "from \(offset)")
    }
    var generator = SeededGenerator(seed: SeededGenerator.runSeed)
    for _ in 0..<12 {
      // Each leaves a child in the middle of a piece, which the next one may go on with.
      let offset = generator.int(0...(whole.count - 1))
      let count = min(generator.int(1...40_000), whole.count - offset)
      var source = try archive.open(at: Int64(offset))
      let part = try source.readSome(count)
      #expect(part == Array(whole[offset..<(offset + count)]), "RECOVER_SEED=\(SeededGenerator.runSeed)")
    }
  }

  @Test("several readers at once get the same bytes")
  func together() async throws {
    let world = try ArchiveWorld.shared()
    let file = try BackupFile(path: world.path("custom"))
    let whole = try read(file.path)
    let archive = try #require(file.archive)
    var first = try archive.open(at: 0)
    _ = try first.readAll(readBytes: 100_000)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for index in 0..<4 {
        group.addTask {
          try await BlockingThread.run("reader") { interruption in
            let offset = whole.count * index / 5
            var source = try archive.open(at: Int64(offset), interruption)
            return try source.readAll(readBytes: 4096) == Array(whole[offset...])
          }
        }
      }
      for try await isSame in group { #expect(isSame) }
    }
  }

  @Test("where the pieces begin is kept for a later process, and only for the same archive")
  func map() throws {
    let world = try ArchiveWorld.shared()
    let first = try #require(try BackupFile(path: world.path("directory")).archive)
    var source = try first.open(at: 0)
    let whole = try source.readAll(readBytes: 100_000)
    let directory = world.path(ScratchPostgres.uniqueName("run"))
    try first.keepMap(in: directory)
    let second = try #require(try BackupFile(path: world.path("directory")).archive)
    #expect(try second.takeMap(from: directory))
    var rest = try second.open(at: Int64(whole.count - 3000))
    #expect(try rest.readAll(readBytes: 100_000) == Array(whole[(whole.count - 3000)...]))
    let other = try #require(try BackupFile(path: world.path("custom")).archive)
    #expect(try !other.takeMap(from: directory))
    #expect(try !second.takeMap(from: "/nowhere"))
  }

  @Test("a survey of an archive finds what one of the plain dump finds", arguments: ["custom", "directory", "tar"])
  func survey(name: String) throws {
    let world = try ArchiveWorld.shared()
    var plainReader = DumpReader(MemorySource(try world.server.pgDump(world.database)), named: "plain")
    let plain = try DumpSurvey(reading: &plainReader, interruption: Interruption())
    var reader = DumpReader(try BackupSource(try BackupFile(path: world.path(name))), named: name)
    let survey = try DumpSurvey(reading: &reader, interruption: Interruption())
    #expect(survey.completeness == .complete)
    #expect(survey.origin.server == plain.origin.server)
    #expect(
      survey.content(of: nil).flatMap(\.tables).map(\.name) == plain.content(of: nil).flatMap(\.tables).map(\.name))
    #expect(
      survey.content(of: nil).flatMap(\.tables).map(\.rows) == plain.content(of: nil).flatMap(\.tables).map(\.rows))
  }
}

extension ByteSource where Self: ~Copyable {
  /// Reads so many bytes.
  fileprivate mutating func readSome(_ count: Int) throws -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let read = try unsafe bytes.withUnsafeMutableBytes { buffer in
        try unsafe self.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      }
      guard read > 0 else { break }
      filled += read
    }
    return Array(bytes.prefix(filled))
  }
}
