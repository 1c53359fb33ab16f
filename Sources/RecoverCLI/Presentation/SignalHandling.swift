internal import Dispatch
internal import Glibc
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import Synchronization

/// Turns signals into requests: the first Ctrl-C or SIGTERM pauses at a safe point, a second one stops now.
///
/// SIGHUP is ignored: a run goes on when its terminal goes away. Under an async main only dispatch sources see
/// signals reliably.
struct SignalHandling {
  private let sources: [any DispatchSourceSignal]

  init(control: RunControl, output: RunOutput) {
    signal(SIGHUP, SIG_IGN)
    signal(SIGPIPE, SIG_IGN)
    let presses = PressCount()
    let queue = DispatchQueue(label: "signals")
    sources = [(SIGINT, RecoverError.Code.interrupted), (SIGTERM, .terminated)].map { number, code in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        let name = number == SIGINT ? "Ctrl-C" : "SIGTERM"
        if presses.next() == 1 {
          output.say(
            "\(name): pausing at the next safe point; undoing and finishing are never paused. Again to stop now, resumably."
          )
          control.ask(.pause(Cause(code: code, message: "paused by \(name)")))
        } else {
          output.say("\(name) again: stopping now, without another record; resume the run later")
          control.ask(.stop(Cause(code: code, message: "stopped by \(name)", hint: "recover resume goes on")))
        }
      }
      source.activate()
      return source
    }
  }

  /// Counts presses from any thread.
  private final class PressCount: Sendable {
    private let count = Atomic<Int>(0)
    func next() -> Int { count.add(1, ordering: .relaxed).newValue }
  }

  /// Gives the signals back to the system.
  func stop() {
    for source in sources { source.cancel() }
    signal(SIGINT, SIG_DFL)
    signal(SIGTERM, SIG_DFL)
  }
}
