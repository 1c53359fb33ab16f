internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import Synchronization

/// What a running command prints: live progress on a terminal, one plain line an event elsewhere, or JSON.
final class RunOutput: RunObserver {
  private let global: GlobalOptions
  private let progress: LiveProgress
  private let lastOutput = Mutex<RunMachine?>(nil)

  init(global: GlobalOptions, plan: Plan) {
    self.global = global
    progress = LiveProgress(
      mode: global.json || global.quiet ? .silent : .automatic, steps: plan.steps.map(\.id))
  }

  func recorded(_ record: JournalRecord, _ event: RunEvent, machine: RunMachine) {
    lastOutput.withLock { $0 = machine }
    if global.json {
      if let line = try? EventText.json(record, event) { StandardOutput.write(line) }
      return
    }
    if case .step(_, .guarded(nil)) = event, !global.verbose { return }
    if case .checkpoint = event, !global.verbose { return }
    progress.event(step: event.step, text: EventText.describe(event), at: record.wallTime, isEnd: event.endsStep)
  }

  func progressed(step: String, _ update: Progress) {
    if global.json { return }
    progress.update(step: step, doneBytes: update.doneBytes, totalBytes: update.totalBytes, detail: update.detail)
  }

  /// Says something at once, beside the run's events.
  func say(_ text: String) {
    progress.clear()
    ErrorOutput.write(text)
  }

  /// Prints the last line: the state, what is owed, the next command.
  func finish(run: RunID, machine: RunMachine) throws {
    progress.clear()
    if global.json { return StandardOutput.write(try RunView.summary(run: run, machine: machine)) }
    if machine.state != .succeeded, let cause = machine.cause {
      ErrorOutput.write("error: \(cause.step.map { "\($0): " } ?? "")\(cause.message)")
      if let hint = cause.hint { ErrorOutput.write("hint: \(hint)") }
    }
    StandardOutput.write(RunView.lastLine(run: run, machine: machine))
  }

  /// Prints the last line of a run whose runner had to stop.
  func interrupted(run: RunID, _ error: RecoverError) {
    progress.clear()
    guard !global.json, let machine = lastOutput.withLock({ $0 }) else { return }
    StandardOutput.write(RunView.lastLine(run: run, machine: machine))
  }
}

extension RunEvent {
  /// Whether a step's live line is finished by the event.
  fileprivate var endsStep: Bool {
    switch self {
    case .step(_, let event):
      switch event {
      case .guarded, .intended, .undoIntended: false
      case .adopted, .obstructed, .succeeded, .attemptFailed, .probedUnknown, .suspended, .failed, .undone,
        .undoAttemptFailed, .undoFailed:
        true
      }
    default: true
    }
  }
}
