internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import Synchronization

/// What a running command prints: live progress on a terminal, one plain line an event elsewhere, or JSON.
final class RunOutput: RunObserver {
  private struct State {
    /// The run after the last record; nil before the first one of this runner.
    var machine: RunMachine?
    var clock = StepClock()
  }

  private let global: GlobalOptions
  private let run: RunID
  /// What the first line says.
  private let heading: String
  private let progress: LiveProgress
  private let state = Mutex(State())
  private let tail: LogTail
  /// The run as this runner found it; nil for a new one.
  private let found: RunMachine?

  /// - Parameter directory: where the logs of the run's steps are.
  init(global: GlobalOptions, run: RunID, plan: Plan, found: RunMachine?, directory: String) throws {
    tail = LogTail(directory: directory, plan: plan)
    self.found = found
    self.global = global
    self.run = run
    heading = RunView.heading(run: run, plan: plan, hash: try plan.hash(), place: global.place)
    progress = LiveProgress(
      mode: global.json || global.quiet ? .silent : .automatic, steps: plan.steps.map(\.id))
  }

  func recorded(_ record: JournalRecord, _ event: RunEvent, machine: RunMachine) {
    let (isFirst, took) = state.withLock { state in
      defer { state.machine = machine }
      return (state.machine == nil, state.clock.took(record, event))
    }
    if global.json {
      if let line = try? EventText.json(record, event) { StandardOutput.write(line) }
      return
    }
    if isFirst, !global.quiet { StandardOutput.write(heading) }
    if case .step(_, .guarded(nil)) = event, !global.verbose { return }
    if case .checkpoint = event, !global.verbose { return }
    progress.event(
      step: event.step, text: EventText.describe(event, took: took) + next(event, machine), at: record.wallTime,
      isEnd: event.endsStep)
    let printed = tail.lines(after: event)
    if !printed.isEmpty { say(printed.joined(separator: "\n")) }
  }

  /// A run waits for its approval in the foreground: the command that ends that can't wait for the last line.
  private func next(_ event: RunEvent, _ machine: RunMachine) -> String {
    guard case .approvalRequested = event else { return "" }
    return NextCommand(run: run).text(machine).map { "; next: \(global.place.placed($0))" } ?? ""
  }

  func progressed(step: String, _ update: Progress) {
    if global.json { return }
    progress.update(step: step, update)
  }

  /// Does something while a clock runs behind what takes long.
  func ticking<Value: Sendable>(_ body: () async throws -> Value) async throws -> Value {
    try await progress.ticking(body)
  }

  /// Says something at once, beside the run's events.
  func say(_ text: String) {
    progress.clear()
    ErrorOutput.write(text)
  }

  /// Prints the last line: the state, what is owed, the next command.
  ///
  /// - Parameter report: what the run did, from its journal.
  func finish(_ machine: RunMachine, _ report: RunReport?) throws {
    progress.clear()
    if machine.state != .succeeded {
      for cause in [machine.firstCause, machine.trouble].compactMap(\.self) where !cause.isRequest(in: machine.state) {
        write(cause)
      }
      for line in RunView.debts(machine) { ErrorOutput.write(TerminalText.safe(line)) }
    }
    if global.json {
      StandardOutput.write(try RunView.summary(run: run, machine: machine, report: report, place: global.place))
    } else {
      writeEnd(machine, report)
    }
  }

  private func writeEnd(_ machine: RunMachine, _ report: RunReport?) {
    if let line = report?.line { StandardOutput.write("run \(run): \(line)") }
    StandardOutput.write(RunView.lastLine(run: run, machine: machine, place: global.place))
  }

  private func write(_ cause: Cause) {
    let step = cause.step.map { "\($0): " } ?? ""
    ErrorOutput.write(
      RecoverError(cause.code, step + cause.message, hint: cause.hint), isVerbose: global.verbose, place: global.place)
  }

  /// Prints the last line of a run whose runner had to stop, and why.
  ///
  /// - Returns: the exit status.
  func stopped(_ error: RecoverError, _ report: RunReport?) throws -> ExitStatus {
    progress.clear()
    let machine = state.withLock { $0.machine } ?? found
    let status = RunView.status(of: error.code, machine: machine)
    if error.code != .interrupted, error.code != .terminated {
      ErrorOutput.write(error, isVerbose: global.verbose, place: global.place)
    }
    if global.json {
      StandardOutput.write(
        try JSONLines.summary(of: error, status: status, place: global.place, run: run, machine: machine))
    } else if let machine {
      writeEnd(machine, report)
    }
    return status
  }
}

extension Cause {
  /// Whether a run is paused or went back because a person asked: that is no error.
  fileprivate func isRequest(in state: RunState) -> Bool {
    switch state {
    case .paused: step == nil && code.isRequest
    case .rolledBack, .failedClean: step == nil && code == .cancelled
    case .planned, .running, .waiting, .compensating, .finalizing, .needsOperator, .succeeded, .abandoned: false
    }
  }
}

extension RecoverError.Code {
  /// Whether it says that a person or the system asked to stop.
  var isRequest: Bool {
    switch self {
    case .interrupted, .terminated, .waiting, .cancelled: true
    default: false
    }
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
