internal import ArchiveKit
internal import PostgresKit
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import RecoverSteps

/// The dump of a backup while several threads append to it.
struct DumpFileTests {
  private func withDirectory(_ body: (String) async throws -> Void) async throws {
    let made = String(decoding: try TestProcess.output(["mktemp", "-d"]), as: UTF8.self)
    let directory = made.split(separator: "\n").joined()
    do {
      try await body(directory)
    } catch {
      try TestProcess.output(["rm", "-rf", directory])
      throw error
    }
    try TestProcess.output(["rm", "-rf", directory])
  }

  private func writer(_ file: DumpFile) throws -> MemberWriter {
    MemberWriter(file, try GzipCodec.zlib.makeCompressor(level: 1), places: [])
  }

  @Test("while a writer goes on from one member to the next, others wait; one that is gone holds nobody up")
  func turns() async throws {
    try await withDirectory { directory in
      let file = try DumpFile(directory: directory, name: "d.gz", tables: 0)
      let hasBegun = Monitor(false)
      try await withThrowingTaskGroup(of: Void.self) { group in
        var first: MemberWriter? = try writer(file)
        try first?.write(Array("a1 ".utf8).span, [], keepsTurn: true)
        group.addTask {
          try await BlockingThread.run("recover-test") { _ in
            let other = try self.writer(file)
            hasBegun.change { $0 = true }
            try other.write(Array("b ".utf8).span, [])
          }
        }
        while hasBegun.wait(atMost: .seconds(1), until: { $0 ? true : nil }) == nil {}
        try first?.write(Array("a2 ".utf8).span, [], keepsTurn: true)
        try first?.write(Array("a3 ".utf8).span, [], keepsTurn: true)
        // It fails before it has written the last one.
        first = nil
        try await group.waitForAll()
      }
      _ = try file.finish()
      let text = try TestProcess.output(["sh", "-c", "gunzip -c \"$0\"/d.gz", directory])
      #expect(String(decoding: text, as: UTF8.self) == "a1 a2 a3 b ")
    }
  }
}
