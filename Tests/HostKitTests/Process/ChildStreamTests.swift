internal import Glibc
internal import RecoverBase
internal import Testing

@testable internal import HostKit

@Suite("children whose output is read as it comes")
struct ChildStreamTests {
  @Test("all of a long output comes, with the input that was given, and the exit status at its end")
  func whole() async throws {
    let (bytes, result) = try await BlockingThread.run("test") { interruption in
      try ChildStream.output(
        of: .shell("cat; seq 1 100000; echo trouble >&2; exit 3"), input: Array("first\n".utf8),
        limitBytes: 1 << 20, interruption)
    }
    #expect(bytes.starts(with: Array("first\n1\n2\n".utf8)))
    #expect(bytes.count == 6 + 588_895)
    #expect(result.ending == .exited(3))
    #expect(result.tail.lastLine == "trouble")
  }

  @Test("an output beyond the limit is an error, and a program that is not there too")
  func refused() async throws {
    let long = await #expect(throws: RecoverError.self) {
      try await BlockingThread.run("test") { _ in
        _ = try ChildStream.output(of: Command(["seq", "1", "100000"]), limitBytes: 1000)
      }
    }
    #expect(long?.code == .stepFailed)
    let none = await #expect(throws: RecoverError.self) {
      try await BlockingThread.run("test") { _ in _ = try ChildStream(Command(["/nowhere/program"])) }
    }
    #expect(none?.code == .unreachable)
  }

  @Test("a child that nobody reads any more is ended")
  func released() async throws {
    let child = try await BlockingThread.run("test") { _ in
      let stream = try ChildStream(.shell("echo $$; exec sleep 1000"))
      var buffer = [UInt8](repeating: 0, count: 100)
      let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe stream.read(into: $0) }
      return try identity(String(decoding: buffer[..<(count - 1)], as: UTF8.self))
    }
    #expect(try await waitUntilGone(child))
  }

  @Test("an interruption ends a wait for output")
  func interrupted() async throws {
    let task = Task {
      try await BlockingThread.run("test") { interruption in
        let stream = try ChildStream(Command(["sleep", "1000"]))
        var buffer = [UInt8](repeating: 0, count: 100)
        _ = try unsafe buffer.withUnsafeMutableBytes { try unsafe stream.read(into: $0, interruption) }
      }
    }
    task.cancel()
    let error = await #expect(throws: RecoverError.self) { try await task.value }
    #expect(error?.code == .interrupted)
  }
}
