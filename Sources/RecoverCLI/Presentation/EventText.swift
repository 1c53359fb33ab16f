internal import RecoverBase
internal import RecoverCore

/// Events of a run as one line of text or JSON: pure.
enum EventText {
  /// What happened, for the timeline and for plain output.
  ///
  /// - Parameter took: how long the step took whose attempt the event ends.
  static func describe(_ event: RunEvent, took: Duration? = nil) -> String {
    switch event {
    case .planned(let plan, let hash): "planned \(plan.procedure) on \(plan.target.name), plan \(hash.short)"
    case .started(let person): "started, confirmed by \(person)"
    case .resumed(let person, let grant): "resumed by \(person)\(grant ? ", with new attempts" : "")"
    case .step(let id, let event): "\(id): \(describe(event, took.map { " in \(ElapsedText.text($0))" } ?? ""))"
    case .checkpoint(let step, let name, _): "\(step): checkpoint \(name)"
    case .childStarted(let step, let child): "\(step): \(childText(child))"
    case .approvalRequested(let step, let until): "\(step): waits for approval until \(until)"
    case .approved(let step, let by): "\(step): approved by \(by)"
    case .paused(let cause): cause.code.isRequest ? cause.message : "paused: \(cause.message)"
    case .failing(let cause, _): "failing: \(cause.message)"
    case .completed: "all steps are verified"
    case .compensated: "everything is undone and verified"
    case .finished: "finished, nothing is owed"
    case .stuck(let cause): "needs an operator: \(cause.message)"
    case .compensateRequested(let by): "going back, asked by \(by)"
    case .abandoned(let by): "abandoned by \(by)"
    case .requestIgnored(let kind): "\(kind) was asked; the run goes on to its end"
    case .refused(let cause): "refused: \(cause.message)"
    }
  }

  private static func describe(_ event: StepEvent, _ time: String) -> String {
    switch event {
    case .guarded(let reason): reason.map { "skipped: \($0)" } ?? "applies"
    case .adopted(let evidence): "already done before this run\(found(evidence))"
    case .obstructed(let cause): "obstructed: \(cause.message)"
    case .intended(let attempt, _, let isRepair):
      isRepair ? "goes on (attempt \(attempt))" : attempt == 1 ? "begins" : "begins again (attempt \(attempt))"
    case .succeeded(let evidence): "done\(time)\(found(evidence))"
    case .attemptFailed(let cause, let retryAt): "failed\(time), next attempt at \(retryAt): \(cause.message)"
    case .probedUnknown(let cause, let retryAt): "can't tell, looks again at \(retryAt): \(cause.message)"
    case .suspended: "stopped\(time); can go on"
    case .failed(let cause): "failed\(time): \(cause.message)"
    case .undoIntended(let attempt): attempt == 1 ? "undo begins" : "undo begins again (attempt \(attempt))"
    case .undone(let evidence):
      "\(EvidenceText.names(evidence["standing"] ?? .null).isEmpty ? "undone" : "not all undone")\(time)\(found(evidence))"
    case .undoAttemptFailed(let cause, let retryAt): "undo failed\(time), next attempt at \(retryAt): \(cause.message)"
    case .undoFailed(let cause): "undo failed\(time): \(cause.message)"
    }
  }

  /// A child by its process, and by what it runs where that is known.
  private static func childText(_ child: JSONValue) -> String {
    let pid = (child["identity"] ?? child)["pid"]?.integer
    return "runs a command" + (pid.map { ", process \($0)" } ?? "")
  }

  private static func found(_ evidence: JSONValue) -> String { EvidenceText.words(evidence).map { ": \($0)" } ?? "" }

  /// What a step left as proof or saw before, for `--verbose`.
  static func detail(_ event: RunEvent) -> String? {
    let value: JSONValue?
    switch event {
    case .step(_, .succeeded(let evidence)), .step(_, .adopted(let evidence)), .step(_, .undone(let evidence)):
      value = evidence
    case .step(_, .intended(_, let snapshot, _)): value = snapshot
    case .checkpoint(_, _, let checkpoint): value = checkpoint
    default: value = nil
    }
    guard let value, value != .null, let bytes = try? value.canonicalBytes() else { return nil }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// One line of `--json`.
  static func json(_ record: JournalRecord, _ event: RunEvent) throws -> String {
    var members: [String: JSONValue] = [
      "kind": .string(record.kind), "run": .string(record.run.text), "sequence": .integer(record.sequence),
      "epoch": .integer(record.epoch), "time": .string(record.wallTime.description),
      "wall-us": .integer(record.wallTime.microseconds), "monotonic-ns": .integer(record.monotonicTime.nanoseconds),
      "message": .string(describe(event)),
      "event": try JSONValue.decode(JSONValue.self, from: record.payload),
    ]
    if let step = event.step { members["step"] = .string(step) }
    return String(decoding: try JSONValue.object(members).canonicalBytes(), as: UTF8.self)
  }
}
