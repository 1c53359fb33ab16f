internal import PostgresKit
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import RecoverSteps

@Suite("archives that are damaged, cut off or too new")
struct ArchiveDamageTests {
  /// The error of reading an archive to its end.
  private func expectRefused(_ path: String, saying text: String, _ place: SourceLocation = #_sourceLocation) {
    let error = #expect(throws: RecoverError.self, sourceLocation: place) {
      var source = try BackupSource(try BackupFile(path: path))
      _ = try source.readAll(readBytes: 100_000)
    }
    #expect(error?.code == .backupRefused, "\(String(describing: error))", sourceLocation: place)
    #expect(error?.message.contains(path) == true, "\(String(describing: error))", sourceLocation: place)
    #expect(error?.message.contains(text) == true, "\(String(describing: error))", sourceLocation: place)
  }

  private func change(_ path: String, _ script: String) throws {
    try TestProcess.output(["sh", "-c", script, path])
  }

  @Test(
    "an archive in one file that was cut off anywhere is refused", arguments: ["custom", "custom-inserts", "tar"],
    [1, 50, 99])
  func cut(name: String, percent: Int) throws {
    let copy = try ArchiveWorld.shared().copy(name)
    try change(copy, "truncate -s $(( $(stat -c %s \"$0\") * \(percent) / 100 )) \"$0\"")
    expectRefused(copy, saying: "")
  }

  @Test("an archive in one file with a flipped byte in its rows is refused")
  func flipped() throws {
    let copy = try ArchiveWorld.shared().copy("custom")
    // Near the end are compressed rows; the table of contents stands at the front.
    try change(
      copy,
      "printf '\\377\\377\\377\\377' | dd of=\"$0\" bs=1 conv=notrunc seek=$(( $(stat -c %s \"$0\") - 3000 )) 2>/dev/null"
    )
    expectRefused(copy, saying: "")
  }

  @Test("a directory that lacks a table's file is refused with its name", arguments: ["directory", "directory-plain"])
  func missing(name: String) throws {
    let copy = try ArchiveWorld.shared().copy(name)
    try change(copy, "rm \"$(ls \"$0\"/[0-9]*.dat* | head -n 3 | tail -n 1)\"")
    expectRefused(copy, saying: ".dat is not there")
  }

  @Test("a directory that lacks large objects is refused with the file's name", arguments: ["directory"])
  func missingLargeObjects(name: String) throws {
    let copy = try ArchiveWorld.shared().copy(name)
    try change(copy, "rm \"$0\"/blob_424242*")
    expectRefused(copy, saying: "blob_424242")
  }

  @Test(
    "a table's file that was emptied or cut off is refused with its name",
    arguments: ["directory", "directory-plain"], ["0", "1", "$(( $(stat -c %s \"$f\") - 4 ))"])
  func cutTable(name: String, size: String) throws {
    let copy = try ArchiveWorld.shared().copy(name)
    try change(copy, "f=$(ls -S \"$0\"/[0-9]*.dat* | head -n 1); truncate -s \"\(size)\" \"$f\"")
    expectRefused(copy, saying: ".dat")
  }

  @Test(
    "an archive of a format that needs a newer pg_restore is refused with the version",
    arguments: [
      ("custom", 0), ("directory", 0), ("tar", 512),
    ])
  func tooNew(name: String, offset: Int) throws {
    let copy = try ArchiveWorld.shared().copy(name)
    let installed = try #require(ArchiveProgram.installed().last).version.major
    // 1.15 is of pg_dump 16, 1.16 of 17 and 18.
    let (minor, needed) = installed < 16 ? (15, 16) : (16, 17)
    try #require(installed < needed, "a newer pg_restore is installed: nothing is too new")
    let file = name == "directory" ? "\(copy)/toc.dat" : copy
    try change(
      file, "printf '\\\(String(minor, radix: 8))' | dd of=\"$0\" bs=1 conv=notrunc seek=\(offset + 6) 2>/dev/null")
    expectRefused(copy, saying: "needs pg_restore \(needed) or newer")
  }

  @Test("a directory that is no archive, and a part of one, are refused")
  func noArchive() throws {
    let world = try ArchiveWorld.shared()
    let empty = world.path(ScratchPostgres.uniqueName("empty"))
    try TestProcess.output(["mkdir", empty])
    expectRefused(empty, saying: "without toc.dat")
    let error = #expect(throws: RecoverError.self) { try BackupFile(path: world.path("directory/toc.dat")) }
    #expect(error?.hint?.contains("name the directory") == true)
  }

  @Test("a directory that changed since the plan is not the one that was confirmed")
  func drift() throws {
    let copy = try ArchiveWorld.shared().copy("directory")
    let file = try BackupFile(path: copy)
    let planned = try file.reference()
    try file.check(planned)
    #expect(planned.sizeBytes > 10_000)
    // As large as before, and with the time of before, but for one file.
    try change(copy, "f=$(ls \"$0\"/[0-9]*.dat* | head -n 1); touch -d 2020-01-01 \"$f\"")
    let error = #expect(throws: RecoverError.self) { try file.check(planned) }
    #expect(error?.code == .drifted)
  }
}
