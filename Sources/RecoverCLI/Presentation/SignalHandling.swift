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
    let presses = Mutex(SignalPresses())
    let queue = DispatchQueue(label: "signals")
    sources = [(SIGINT, RecoverError.Code.interrupted), (SIGTERM, .terminated)].map { number, code in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        guard let press = presses.withLock({ $0.press(at: .now) }) else { return }
        let name = number == SIGINT ? "Ctrl-C" : "SIGTERM"
        if press == 1 {
          output.say(
            "\(name): pausing at the next safe point; undoing and finishing are never paused. Again to stop now, resumably."
          )
          control.ask(.pause(Cause(code: code, message: "paused by \(name)")))
        } else {
          output.say("\(name) again: stopping now, without another record; resume the run later")
          control.ask(.stop(Cause(code: code, message: "stopped by \(name)", hint: "recover resume last goes on")))
        }
      }
      source.activate()
      return source
    }
  }

  /// Gives the signals back to the system.
  func stop() {
    for source in sources { source.cancel() }
    signal(SIGINT, SIG_DFL)
    signal(SIGTERM, SIG_DFL)
  }
}
