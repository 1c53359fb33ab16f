internal import ArchiveKit
internal import FoundationEssentials
internal import PostgresKit
internal import RecoverBase
internal import RecoverRepository

/// What was written of a database, before it is called a backup.
struct WrittenDump: Sendable {
  var facts: SnapshotFacts
  /// In the order of the manifest.
  var tables: [DumpRelation]
  var sequences: [SequenceValue]
  var largeObjects: LargeObjectSum
  var summary: DumpFile.Summary
  /// All of the files.
  var files: [BackupManifest.File]
}

/// Writes the files of a backup into its directory.
struct BackupWork: Sendable {
  let request: BackupRequest
  let directory: String
  let tools: DumpTools
  let report: @Sendable (BackupProgress) -> Void

  private var archive: String { "\(directory)/schema.archive" }
  private func section(_ name: String) -> String { "\(directory)/\(name).sql" }
  private static let attempts = 3

  func write() async throws -> WrittenDump {
    var attempt = 0
    while true {
      attempt += 1
      report(BackupProgress(activity: "locking the tables, dumping the schema", doneBytes: 0, totalBytes: 0))
      switch try await writeOnce() {
      case .written(let dump): return dump
      case .lockedOut(var error, let waiting):
        guard attempt < Self.attempts else {
          error.code = .busy
          error.hint = "who changes tables meanwhile: \(waiting.prefix(3).joined(separator: "; "))"
          throw error
        }
        clear([dumpName, "\(dumpName).index", "large-objects.pipe"])
      }
    }
  }

  private enum Attempt {
    case written(WrittenDump)
    /// Whoever wants to change a table waits for the snapshot's locks, and pg_dump, which comes with locks of its own,
    /// waits behind them. So it gives up soon, all locks go, and both try again.
    case lockedOut(RecoverError, by: [String])
  }

  private var dumpName: String { "\(RepositoryLayout.fileName(of: request.name)).sql.gz" }

  /// pg_dump begins as soon as the snapshot has its id, and the rows are read while it writes the schema.
  private func writeOnce() async throws -> Attempt {
    let (ids, exported) = AsyncStream<String>.makeStream()
    async let schema: Void = dumpSchema(ids)
    let snapshot = try await takeSnapshot(exported)
    defer { snapshot.release() }
    let tables = snapshot.relations.filter { $0.kind == .table }
    let file = try DumpFile(directory: directory, name: dumpName, tables: tables.count)
    let gate = FrontGate()
    async let data = writeData(to: file, snapshot, behind: gate)
    // Before the rows are waited for, in whatever way this ends.
    do {
      defer { gate.close() }
      do {
        try await schema
      } catch let error as RecoverError where error.code == .stepFailed {
        gate.close()
        var cause = error
        do {
          _ = try await data
        } catch let other as RecoverError where other.code != .interrupted {
          // The snapshot went with it, and pg_dump found none; or both waited for the same locks.
          cause = other
        } catch {}
        // Nobody reads over the snapshot's connection any more; it can't be asked where reading is what failed.
        let waiting = try? await BlockingThread.run("recover-backup") { _ in try snapshot.waitingSessions() }
        guard let waiting, !waiting.isEmpty else { throw cause }
        return .lockedOut(error, by: waiting)
      }
      try await writeFront(to: file, snapshot)
      gate.open()
      let largeObjects = try await data
      try await writeEnd(to: file)
      return .written(try await finish(file, snapshot, tables, largeObjects))
    }
  }

  private func takeSnapshot(_ exported: AsyncStream<String>.Continuation) async throws -> DumpSnapshot {
    defer { exported.finish() }
    let (settings, leftOut) = (request.settings, tools.leftOut)
    return try await BlockingThread.run("recover-backup") { interruption in
      try DumpSnapshot.take(settings, leavingOut: leftOut, interruption: interruption) { exported.yield($0) }
    }
  }

  /// The schema of the snapshot whose id comes, if one does, as two sections of SQL.
  private func dumpSchema(_ ids: AsyncStream<String>) async throws {
    for await id in ids {
      try await tools.dumpSchema(snapshot: id, to: archive)
      async let front: Void = tools.writeSection("pre-data", of: archive, to: section("pre-data"))
      async let end: Void = tools.writeSection("post-data", of: archive, to: section("post-data"))
      _ = try await (front, end)
    }
  }

  private func finish(
    _ file: DumpFile, _ snapshot: DumpSnapshot, _ tables: [DumpRelation], _ largeObjects: LargeObjectSum
  ) async throws -> WrittenDump {
    let roles = try await writeRoles()
    return try await BlockingThread.run("recover-backup") { _ in
      let summary = try file.finish()
      clear(["schema.archive", "pre-data.sql", "post-data.sql", "tools.log"])
      return WrittenDump(
        facts: snapshot.facts, tables: tables, sequences: snapshot.sequences, largeObjects: largeObjects,
        summary: summary, files: [summary.file, summary.index] + roles)
    }
  }

  private func clear(_ names: [String]) {
    for name in names { try? FileManager.default.removeItem(atPath: "\(directory)/\(name)") }
  }

  private func writeFront(to file: DumpFile, _ snapshot: DumpSnapshot) async throws {
    let (request, path) = (request, section("pre-data"))
    try await BlockingThread.run("recover-backup") { interruption in
      var writer = try Self.sectionWriter(file, request)
      try writer.write(path, try SectionFile(path).withHeader(), interruption)
      try writer.write(snapshot.sequenceStatements())
      try writer.flush()
    }
  }

  private func writeEnd(to file: DumpFile) async throws {
    let (request, front, end) = (request, section("pre-data"), section("post-data"))
    try await BlockingThread.run("recover-backup") { interruption in
      var writer = try Self.sectionWriter(file, request)
      try writer.write(end, try SectionFile(end).withoutBanner(), interruption)
      // With the key that the front opened.
      try writer.write(front, try SectionFile(front).footer(), interruption)
      try writer.flush()
    }
  }

  /// Rows and large objects, at once.
  private func writeData(
    to file: DumpFile, _ snapshot: DumpSnapshot, behind gate: FrontGate
  ) async throws -> LargeObjectSum {
    let (request, report) = (request, report)
    let total = snapshot.relations.reduce(Int64(0)) { $0 + $1.totalBytes }
    var places = Array(repeating: -1, count: snapshot.relations.count)
    for (place, index) in snapshot.relations.indices.filter({ snapshot.relations[$0].kind == .table }).enumerated() {
      places[index] = place
    }
    let tablePlaces = places
    return try await withThrowingTaskGroup(of: LargeObjectSum?.self) { group in
      group.addTask {
        try await BlockingThread.run("recover-backup") { interruption in
          try snapshot.writeTables(jobs: request.jobs, memberBytes: request.memberBytes, interruption) {
            MemberWriter(
              file, try request.codec.makeCompressor(level: request.level), places: tablePlaces, behind: gate
            ) {
              report(BackupProgress(activity: "rows", doneBytes: file.contentBytes, totalBytes: total))
            }
          }
          return nil
        }
      }
      if snapshot.facts.largeObjects > 0 {
        group.addTask { try await writeLargeObjects(to: file, snapshot, behind: gate) }
      }
      var sum = LargeObjectSum()
      for try await result in group { if let result { sum = result } }
      return sum
    }
  }

  private func writeLargeObjects(
    to file: DumpFile, _ snapshot: DumpSnapshot, behind gate: FrontGate
  ) async throws -> LargeObjectSum {
    let (request, tools) = (request, tools)
    let pipe = try LargeObjectPipe(path: "\(directory)/large-objects.pipe")
    let ended = Interruption()
    let sum = try await withThrowingTaskGroup(of: LargeObjectSum?.self) { group in
      group.addTask {
        defer { ended.raise() }
        try await tools.dumpLargeObjects(snapshot, to: pipe.path)
        return nil
      }
      group.addTask {
        try await BlockingThread.run("recover-backup") { interruption in
          let members = MemberWriter(
            file, try request.codec.makeCompressor(level: request.level), places: [], behind: gate,
            isOfLargeObjects: true)
          var writer = LargeObjectWriter(members, memberBytes: request.memberBytes)
          let sum = try pipe.read(interruption, ended: ended, into: &writer)
          try writer.finish()
          return sum
        }
      }
      var sum = LargeObjectSum()
      for try await result in group { if let result { sum = result } }
      return sum
    }
    try? FileManager.default.removeItem(atPath: pipe.path)
    guard sum.objects == snapshot.facts.largeObjects else {
      throw RecoverError(
        .bug, "pg_dump wrote \(sum.objects) of \(snapshot.facts.largeObjects) large objects in a form that is unknown")
    }
    return sum
  }

  private func writeRoles() async throws -> [BackupManifest.File] {
    guard request.withRoles else { return [] }
    let path = "\(directory)/roles.sql"
    try SafetyDirectory.begin(path)
    try await tools.dumpRoles(to: path)
    return try await BlockingThread.run("recover-backup") { interruption in
      try FileSync.file(path)
      return [try FileDigest.read(path, interruption)]
    }
  }

  private static func sectionWriter(_ file: DumpFile, _ request: BackupRequest) throws -> SectionWriter {
    SectionWriter(
      MemberWriter(file, try request.codec.makeCompressor(level: request.level), places: []),
      memberBytes: request.memberBytes)
  }
}

/// A file's size and SHA-256.
enum FileDigest {
  static func read(_ path: String, _ interruption: Interruption) throws -> BackupManifest.File {
    var source = try FileSource(path: path)
    var digest = DigestBuilder()
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      try interruption.check()
      let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe source.read(into: $0) }
      guard count > 0 else { break }
      digest.update(buffer.span.extracting(0..<count))
    }
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return BackupManifest.File(name: name, bytes: source.consumedBytes, sha256: digest.finish())
  }
}
