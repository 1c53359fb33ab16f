internal import ArchiveKit
internal import PostgresKit
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import RecoverSteps

@Suite("the index of a backup, on disk")
struct DumpIndexFileTests {
  /// A dump of some megabytes, so that its gzip has several access points.
  private static let dump = Array(
    ("COPY t FROM stdin;\n" + (0..<700_000).map { "\($0)\t\(($0 &* 2_654_435_761) % 1_000_003)\n" }.joined() + "\\.\n")
      .utf8)

  /// Gives a directory with the dump, as it is and in other forms, to `body`.
  private static func withBackup(_ body: (Scene) throws -> Void) throws {
    let made = try TestProcess.output(["mktemp", "-d", "/tmp/recover-index-XXXXXX"])
    let directory = String(decoding: made.dropLast(), as: UTF8.self)
    defer { _ = try? TestProcess.run(["rm", "-rf", directory]) }
    try TestProcess.output(["tee", "\(directory)/x.sql"], input: .bytes(dump))
    try TestProcess.output(["gzip", "-1", "-k", "\(directory)/x.sql"])
    try body(Scene(directory: directory))
  }

  private struct Scene {
    let directory: String
    var run: String { "\(directory)/run" }
    var file: String { DumpIndexFile.path(in: run) }

    func reference(_ name: String) throws -> BackupReference {
      try BackupFile(path: "\(directory)/\(name)").reference()
    }

    func make(_ backup: BackupReference) throws -> (survey: DumpSurvey, file: DumpIndexFile) {
      try DumpIndexFile.make(
        backup, in: run, interruption: Interruption(), recorderIntervalBytes: 1 << 20)
    }

    func load(_ backup: BackupReference) -> DumpIndexFile? {
      DumpIndexFile.load(backup, digest: Digest(of: DumpIndexFileTests.dump), in: run)
    }
  }

  @Test("what was made is loaded again, of a plain backup and of a compressed one")
  func roundTrip() throws {
    try Self.withBackup { scene in
      for name in ["x.sql", "x.sql.gz"] {
        let backup = try scene.reference(name)
        let (survey, made) = try scene.make(backup)
        #expect(survey.digest == Digest(of: Self.dump) && made.index.digest == survey.digest)
        #expect(made.access.points.isEmpty == (name == "x.sql"))
        #expect(scene.load(backup) == made)
        #expect(try TestProcess.output(["ls", scene.run]) == Array("dump-index\n".utf8))
      }
    }
  }

  @Test("a compressed backup is read from any offset through its places")
  func offsets() throws {
    try Self.withBackup { scene in
      let backup = try scene.reference("x.sql.gz")
      _ = try scene.make(backup)
      let access = try #require(scene.load(backup)?.access)
      #expect(access.points.count >= 5)
      let file = try BackupFile(path: backup.path)
      for offset in [0, 1, 3 << 20, Self.dump.count / 2, Self.dump.count - 1, Self.dump.count] {
        var source = try BackupSource(file, offset: Int64(offset), access: access)
        // It begins near the offset, not at the front.
        let read = source.consumedBytes
        let isNear = offset < 2 << 20 || read > backup.sizeBytes * Int64(offset) / Int64(Self.dump.count) / 2
        #expect(isNear, "\(read) at \(offset)")
        #expect(try source.readAll(readBytes: 1 << 16) == Array(Self.dump[offset...]), "from \(offset)")
      }
    }
  }

  @Test("a damaged window is passed over, and the place before it taken")
  func damagedWindow() throws {
    try Self.withBackup { scene in
      let backup = try scene.reference("x.sql.gz")
      var access = try scene.make(backup).file.access
      let last = access.points.count - 1
      access.points[last].windowOffset += 1
      access.points[last - 1].windowOffset += 1
      let source = try BackupSource(
        try BackupFile(path: backup.path), offset: access.points[last].place.offset, access: access)
      #expect(source.consumedBytes > access.points[last - 2].place.fileOffset)
    }
  }

  @Test("a file that is damaged anywhere but in a window, or cut off, is none, and is made again")
  func damaged() throws {
    try Self.withBackup { scene in
      let backup = try scene.reference("x.sql")
      let made = try scene.make(backup).file
      let bytes = try RunDirectory.read(scene.file)
      var random = SeededGenerator(seed: SeededGenerator.runSeed)
      for _ in 0..<200 {
        var damaged = bytes
        let place = random.int(0...bytes.count - 1)
        if random.chance(1, of: 3) {
          damaged.removeLast(bytes.count - place)
        } else {
          damaged[place] ^= 1 << UInt8(random.int(0...7))
        }
        try RunDirectory.write(damaged, to: scene.file)
        #expect(scene.load(backup) == nil, "damage at \(place)")
      }
      let again = try DumpIndexFile.loadOrMake(
        backup, digest: made.index.digest, in: scene.run, interruption: Interruption())
      #expect(again.index == made.index)
      #expect(scene.load(backup) != nil)
    }
  }

  @Test("the index of another dump is none, and one of a backup that was touched has no places")
  func foreign() throws {
    try Self.withBackup { scene in
      let backup = try scene.reference("x.sql.gz")
      _ = try scene.make(backup)
      #expect(DumpIndexFile.load(backup, digest: Digest(of: [1]), in: scene.run) == nil)
      try TestProcess.output(["touch", "-d", "2020-01-01", backup.path])
      let touched = try scene.reference("x.sql.gz")
      #expect(scene.load(touched)?.access.points.isEmpty == true)
      #expect(scene.load(backup)?.access.points.isEmpty == true)
      let error = #expect(throws: RecoverError.self) {
        _ = try DumpIndexFile.loadOrMake(
          touched, digest: Digest(of: [1]), in: scene.run, interruption: Interruption())
      }
      #expect(error?.code == .drifted)
    }
  }
}
