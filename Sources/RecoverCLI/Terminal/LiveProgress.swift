internal import Glibc
internal import RecoverBase
internal import RecoverCore
internal import Synchronization

/// Shows a run while it works: on a terminal one line that is redrawn, with rate and time left; elsewhere one
/// plain line an event.
final class LiveProgress: Sendable {
  enum Mode: Sendable {
    case silent
    /// Live where standard output is a terminal, plain elsewhere.
    case automatic
  }

  private struct State {
    var line = ""
    var drawnAt = Moment(nanoseconds: 0)
    var meters: [String: RateMeter] = [:]
  }

  private let isSilent: Bool
  private let isLive: Bool
  private let state = Mutex(State())
  private static let redrawEvery = Duration.milliseconds(100)

  init(mode: Mode, steps: [String]) {
    isSilent = mode == .silent
    isLive = mode == .automatic && TerminalInfo.isLive
  }

  /// Prints an event on a line of its own.
  ///
  /// - Parameter isEnd: whether what it is about is over; elsewhere than on a terminal beginnings are printed too.
  func event(step: String?, text: String, at time: WallTime, isEnd: Bool) {
    guard !isSilent else { return }
    state.withLock { state in
      erase(&state)
      if !isEnd, isLive {
        draw(text, &state)
      } else {
        StandardOutput.write("\(String(time.description.dropFirst(11))) \(text)")
      }
    }
  }

  /// Redraws the live line of a step; does nothing elsewhere than on a terminal.
  func update(step: String, doneBytes: Int64, totalBytes: Int64?, detail: String?) {
    guard isLive, !isSilent else { return }
    state.withLock { state in
      let now = Moment.now
      guard now - state.drawnAt >= Self.redrawEvery else { return }
      state.drawnAt = now
      state.meters[step, default: RateMeter()].record(doneBytes, at: now)
      let meter = state.meters[step] ?? RateMeter()
      let text = ProgressText.line(
        step: step, doneBytes: doneBytes, totalBytes: totalBytes, bytesPerSecond: meter.bytesPerSecond, detail: detail)
      erase(&state)
      draw(text, &state)
    }
  }

  /// Takes the live line away.
  func clear() { state.withLock { erase(&$0) } }

  private func draw(_ text: String, _ state: inout State) {
    state.line = String(text.prefix(max(TerminalInfo.columns - 1, 20)))
    StandardOutput.writeRaw(state.line)
  }

  private func erase(_ state: inout State) {
    guard !state.line.isEmpty else { return }
    StandardOutput.writeRaw("\r\u{1b}[K")
    state.line = ""
  }
}
