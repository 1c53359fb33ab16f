internal import Glibc
internal import RecoverBase

/// Waits for one running child, reads its output, and ends what has to be ended.
///
/// Blocking.
struct ChildWait {
  private let child: SpawnedChild
  private let outputLimitBytes: Int
  private var output: [UInt8] = []
  private var outputIsCut = false
  private var outputHasEnded: Bool

  init(_ child: SpawnedChild, outputLimitBytes: Int) {
    self.child = child
    self.outputLimitBytes = outputLimitBytes
    outputHasEnded = child.output == nil
  }

  /// Waits until the child has ended or must, and proves its session gone.
  mutating func finish(deadline: Deadline?, grace: Duration, interruption: Interruption) throws -> ChildResult {
    let cause = waitForChild(deadline: deadline, interruption: interruption)
    let ended = try endSession(cause, grace: grace)
    // Only after the session is gone: until here the unreaped child kept its pid from being used again.
    let status = child.reap()
    readOutput()
    let ending: ChildResult.Ending =
      switch cause {
      case .ended: status
      case .deadline: .timedOut
      case .interruption: .interrupted
      }
    return ChildResult(
      child: child.started, ending: ending, tail: OutputTail.read(child.log, from: child.logStart), output: output,
      outputIsCut: outputIsCut, ended: ended)
  }

  private enum Cause { case ended, deadline, interruption }

  private mutating func waitForChild(deadline: Deadline?, interruption: Interruption) -> Cause {
    while true {
      guard child.started.identity.isAlive else { return .ended }
      if interruption.isRaised { return .interruption }
      let left = deadline?.remaining ?? .seconds(3600)
      guard left > .zero else { return .deadline }
      var entries = [
        pollfd(fd: child.ending?.number ?? -1, events: Int16(POLLIN), revents: 0),
        pollfd(fd: interruption.descriptor, events: Int16(POLLIN), revents: 0),
        pollfd(fd: outputHasEnded ? -1 : child.output?.number ?? -1, events: Int16(POLLIN), revents: 0),
      ]
      // Without a pidfd nothing wakes us when the child ends.
      let most: Duration = child.ending == nil ? .milliseconds(20) : left
      unsafe poll(&entries, nfds_t(entries.count), min(left, most).pollMilliseconds)
      readOutput()
    }
  }

  private func endSession(_ cause: Cause, grace: Duration) throws -> [Survivor] {
    let kind = child.started.kind
    var search = SurvivorSearch(sessions: [child.started.identity])
    switch cause {
    case .ended: guard kind.endsWhatItLeaves else { return [] }
    case .deadline, .interruption: if kind.endsWhatItLeaves { search.child = child.mark }
    }
    return try ProcessTree.end(search, grace: grace)
  }

  /// Takes what is there, without waiting: a process that outlives the child may keep the pipe open.
  private mutating func readOutput() {
    guard let pipe = child.output, !outputHasEnded else { return }
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = unsafe read(pipe.number, &buffer, buffer.count)
      if count < 0 {
        if errno == EINTR { continue }
        if errno != EAGAIN { outputHasEnded = true }
        return
      }
      guard count > 0 else {
        outputHasEnded = true
        return
      }
      let room = min(outputLimitBytes - output.count, count)
      output += buffer.prefix(room)
      if room < count { outputIsCut = true }
    }
  }
}
