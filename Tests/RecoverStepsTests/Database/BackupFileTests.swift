internal import Glibc
internal import PostgresKit
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import RecoverSteps

@Suite("the backup on disk")
struct BackupFileTests {
  /// Gives a file with these bytes to `body`, and removes it.
  private static func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
    let made = try TestProcess.output(["mktemp", "/tmp/recover-backup-XXXXXX"])
    let path = String(decoding: made.dropLast(), as: UTF8.self)
    defer { _ = try? TestProcess.run(["rm", "-f", path]) }
    try TestProcess.output(["tee", path], input: .bytes(bytes))
    try body(path)
  }

  private static let dump = Array((0..<5000).map { "SELECT \($0);\n" }.joined().utf8)

  @Test("an empty file is refused by name")
  func empty() throws {
    try Self.withFile([]) { path in
      let error = #expect(throws: RecoverError.self) { try BackupFile(path: path) }
      #expect(error?.code == .backupRefused)
      #expect(error?.message.contains(path) == true)
    }
  }

  @Test(
    "plain and compressed backups give the same bytes, from any offset",
    arguments: [[], ["gzip", "-c"], ["zstd", "-c"], ["pzstd", "-c"]] as [[String]])
  func offsets(program: [String]) throws {
    let bytes = program.isEmpty ? Self.dump : try TestProcess.output(program, input: .bytes(Self.dump))
    try Self.withFile(bytes) { path in
      let file = try BackupFile(path: path)
      #expect(file.isCompressed == !program.isEmpty)
      for offset in [0, 1, 4095, Self.dump.count - 1, Self.dump.count] {
        var source = try BackupSource(file, offset: Int64(offset))
        #expect(try source.readAll(readBytes: 1000) == Array(Self.dump[offset...]))
      }
    }
  }

  @Test("a compressed backup that is shorter than it was is refused", arguments: ["gzip", "zstd"])
  func shorter(program: String) throws {
    let bytes = try TestProcess.output([program, "-c"], input: .bytes(Self.dump))
    try Self.withFile(bytes) { path in
      let error = #expect(throws: RecoverError.self) {
        _ = try BackupSource(try BackupFile(path: path), offset: Int64(Self.dump.count) + 1)
      }
      #expect(error?.code == .backupRefused)
    }
  }

  @Test("a backup that changed since the plan is not the one that was confirmed")
  func drift() throws {
    try Self.withFile(Self.dump) { path in
      let file = try BackupFile(path: path)
      let planned = try file.reference()
      try file.check(planned)
      try TestProcess.output(["sh", "-c", "echo >> \"$0\"", path])
      let error = #expect(throws: RecoverError.self) { try file.check(planned) }
      #expect(error?.code == .drifted)
    }
  }
}
