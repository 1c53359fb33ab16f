internal import RecoverBase
internal import RecoverEngine
internal import Synchronization

/// Shows a run while it works: on a terminal one line that is redrawn, with rate and time left; elsewhere one
/// plain line an event.
///
/// May be called from any thread; what is written is decided by ``ProgressScreen``.
final class LiveProgress: Sendable {
  enum Mode: Sendable {
    case silent
    /// Live where standard output is a terminal, plain elsewhere.
    case automatic
  }

  private let screen: Mutex<ProgressScreen>

  /// - Parameter steps: the names of the steps that there will be.
  init(mode: Mode, steps: [String]) {
    let shown: ProgressScreen.Mode =
      switch mode {
      case .silent: .silent
      case .automatic: TerminalInfo.isLive ? .live : .plain
      }
    screen = Mutex(ProgressScreen(mode: shown, steps: steps))
  }

  /// Shows an event.
  ///
  /// - Parameter isEnd: whether what it is about is over; on a terminal only that is kept.
  func event(step: String?, text: String, at time: WallTime, isEnd: Bool) {
    write { $0.event(text, step: step, at: time, isEnd: isEnd, columns: TerminalInfo.columns) }
  }

  /// Redraws the live line of a step; elsewhere than on a terminal writes a plain line now and then.
  func update(step: String, _ progress: Progress) {
    write { $0.update(step: step, progress, at: .now, time: .now, columns: TerminalInfo.columns) }
  }

  /// Does something while a clock runs behind what takes long.
  func ticking<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        while true {
          try await Task.sleep(for: .seconds(1))
          self.write { $0.tick(at: .now, columns: TerminalInfo.columns) }
        }
      }
      defer { group.cancelAll() }
      return try await body()
    }
  }

  /// Takes the live line away.
  func clear() { write { $0.clear() } }

  /// Writes under the lock, so that two threads never draw into each other.
  private func write(_ decide: (inout ProgressScreen) -> String) {
    screen.withLock { screen in
      let text = decide(&screen)
      if !text.isEmpty { StandardOutput.writeRaw(text) }
    }
  }
}
