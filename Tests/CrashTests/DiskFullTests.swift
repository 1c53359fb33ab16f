internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// A full disk of the server stops a recovery, and takes nothing with it.
@Suite(.serialized, .enabled(if: SmallDisk.canMount, "a small file system can't be mounted here"))
struct DiskFullTests {
  /// A lab whose live database is in a tablespace on a small disk.
  private func withLab(
    rows: Int, columns: String, extraPolicy: String = "", _ body: (RecoverLab, _ dump: String) throws -> Void
  ) throws {
    let disk = try SmallDisk(megabytes: 40, owner: "postgres")
    let server = try ScratchPostgres()
    try server.sql("CREATE TABLESPACE small LOCATION '\(disk.path)'")
    let (lab, _) = try RecoverLab.withNotes(server, extraPolicy: extraPolicy, rows: 1)
    try server.sql("ALTER DATABASE \(lab.database) SET TABLESPACE small")
    let dump = try server.withDatabase("large") { source in
      try server.sql(
        "CREATE TABLE many (\(columns)); INSERT INTO many SELECT i FROM generate_series(1, \(rows)) i", in: source)
      return try lab.dump(source, to: "large.sql")
    }
    try body(lab, dump)
    try server.stop()
  }

  @Test("a backup that can't fit on the server's disk is refused before any effect")
  func refused() throws {
    try withLab(rows: 1_000_000, columns: "a bigint, b text DEFAULT repeat('x', 40)") { lab, dump in
      let before = try Untouched(lab)
      let result = try lab.recover(["db", "--from", dump, "--yes"])
      try before.expectRefusal(result, status: 1, saying: "the server's disk has")
    }
  }

  @Test("a disk that fills up in the middle of the load is rolled back clean")
  func fills() throws {
    // Eight bytes a row in the dump, some forty in the table.
    try withLab(rows: 1_200_000, columns: "a int") { lab, dump in
      let before = try Untouched(lab)
      let result = try lab.recover(["db", "--from", dump, "--yes"])
      try before.expectRefusal(result, status: 3, saying: "SQLSTATE 53100")
      let show = try lab.recover(["show", "last"])
      #expect(show.outputText.contains("rolled back"), "\(show.outputText)")
    }
  }
}

/// A tmpfs of its own, unmounted with the last reference.
final class SmallDisk {
  let path: String

  /// Whether one can be made here at all; containers often forbid it.
  static let canMount = getuid() == 0 && (try? SmallDisk(megabytes: 1, owner: "root")) != nil

  init(megabytes: Int, owner: String) throws {
    let made = try TestProcess.output(["mktemp", "-d", "/tmp/recover-disk-XXXXXX"])
    path = String(decoding: made.dropLast(), as: UTF8.self)
    do {
      try TestProcess.output(["mount", "-t", "tmpfs", "-o", "size=\(megabytes)m,mode=700,uid=\(owner)", "tmpfs", path])
    } catch {
      _ = try? TestProcess.run(["rmdir", path])
      throw error
    }
  }

  deinit {
    // Lazily: the server may be about to close its files.
    _ = try? TestProcess.run(["sh", "-c", "umount --lazy \"$0\" && rmdir \"$0\"", path])
  }
}
