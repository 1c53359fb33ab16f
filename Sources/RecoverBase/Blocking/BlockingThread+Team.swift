internal import Synchronization

extension BlockingThread {
  /// Runs `body` on several threads at once, and waits on the caller's thread until all of them have ended.
  ///
  /// When one throws, or `interruption` is raised, the interruption that every body is given is raised.
  ///
  /// - Parameters:
  ///   - name: of each thread in `ps -L`, at most 15 bytes.
  ///   - count: of threads, at least 1.
  ///   - body: is given its number, from 0.
  /// - Throws: the first error of any body.
  package static func team(
    _ name: StaticString, count: Int, _ interruption: Interruption,
    _ body: @escaping @Sendable (Int, Interruption) throws -> Void
  ) throws {
    precondition(count > 0, "a team has somebody in it")
    let progress = TeamProgress(count)
    let (stop, ended) = (Interruption(), Interruption())
    for number in 0..<count {
      start(name) {
        let result = Result { try body(number, stop) }
        if case .failure = result { stop.raise() }
        if progress.end(result) { ended.raise() }
      }
    }
    while !ended.wait(atMost: .milliseconds(100)) {
      if interruption.isRaised, !stop.isRaised { stop.raise() }
    }
    try progress.result.get()
  }
}

/// How many of a team still work, and the first failure.
private final class TeamProgress: Sendable {
  private let state: Mutex<(running: Int, result: Result<Void, any Error>)>

  init(_ count: Int) { state = Mutex((count, .success(()))) }

  /// - Returns: whether it was the last one.
  func end(_ result: Result<Void, any Error>) -> Bool {
    state.withLock { state in
      if case .success = state.result, case .failure = result { state.result = result }
      state.running -= 1
      return state.running == 0
    }
  }

  var result: Result<Void, any Error> { state.withLock { $0.result } }
}
