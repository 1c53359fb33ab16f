internal import Glibc
package import RecoverBase
internal import Synchronization

/// A program whose standard output is read as it comes: a question whose answer is too long to keep.
///
/// In a session of its own, gated like every child, and journaled by nobody: it changes nothing. It dies of SIGPIPE
/// where this process dies before it, and is ended when the last reference goes. Its log is a file in memory, so
/// that nothing is left behind. Blocking.
package final class ChildStream: Sendable {
  private let child: SpawnedChild
  private let output: Descriptor
  private let isOver = Atomic<Bool>(false)

  /// Starts a program.
  ///
  /// - Parameter input: the whole of its standard input, at most some megabytes.
  /// - Throws: ``RecoverError`` `unreachable` when there is no such program.
  package init(_ command: Command, input: [UInt8] = []) throws {
    let mark = ChildEnvironment.newMark(.probe)
    let streams = SpawnedChild.Streams(
      input: try SpawnedChild.unnamedFile(input), log: try SpawnedChild.unnamedFile())
    child = try SpawnedChild.spawn(
      command, kind: .probe, environment: ChildEnvironment.make(for: command, mark: mark), mark: mark,
      streams: streams, capturesOutput: true)
    guard let output = child.output else { preconditionFailure("a child whose output is captured has a pipe") }
    self.output = output
    do {
      try child.openGate()
    } catch {
      // It is reaped.
      isOver.store(true, ordering: .relaxed)
      throw error
    }
  }

  deinit {
    if !isOver.load(ordering: .relaxed) { child.discard() }
  }

  /// Reads from its standard output, and waits for it.
  ///
  /// - Returns: how many bytes were read; 0 when it has closed its output, which is no sign of success: ``finish()``.
  /// - Throws: ``RecoverError`` `interrupted`, or `unreachable` when the pipe can't be read.
  package func read(into buffer: UnsafeMutableRawBufferPointer, _ interruption: Interruption? = nil) throws -> Int {
    while true {
      try interruption?.check()
      let count = unsafe Glibc.read(output.number, buffer.baseAddress, buffer.count)
      if count >= 0 { return count }
      guard errno == EAGAIN || errno == EINTR else {
        throw RecoverError.system(.unreachable, "can't read what \(child.started.program) says")
      }
      var entries = [
        pollfd(fd: output.number, events: Int16(POLLIN), revents: 0),
        pollfd(fd: interruption?.descriptor ?? -1, events: Int16(POLLIN), revents: 0),
      ]
      _ = unsafe poll(&entries, nfds_t(entries.count), -1)
    }
  }

  /// Waits for its end, and drops what it still says.
  ///
  /// To be called once.
  package func finish(_ interruption: Interruption? = nil) throws -> ChildResult {
    precondition(!isOver.exchange(true, ordering: .relaxed), "a child ends once")
    var wait = ChildWait(child, outputLimitBytes: 0)
    return try wait.finish(deadline: nil, grace: .seconds(5), interruption: interruption ?? Interruption())
  }
}

extension ChildStream {
  /// Runs a program to its end, and gives all that it says.
  ///
  /// - Parameter limitBytes: when it says more, it is ended.
  /// - Throws: ``RecoverError`` `unreachable` without such a program, `stepFailed` beyond the limit.
  package static func output(
    of command: Command, input: [UInt8] = [], limitBytes: Int, _ interruption: Interruption? = nil
  ) throws -> (bytes: [UInt8], result: ChildResult) {
    let stream = try ChildStream(command, input: input)
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe stream.read(into: $0, interruption) }
      guard count > 0 else { return (bytes, try stream.finish(interruption)) }
      bytes += buffer[..<count]
      guard bytes.count <= limitBytes else {
        throw RecoverError(.stepFailed, "\(command.program) says more than \(limitBytes) bytes")
      }
    }
  }
}
