internal import RecoverBase
internal import RecoverCore

/// What a run did and how long services were away for it, from the journal's own times: pure.
///
/// Downtime is told from the order to stop to the moment from which services were proved healthy (started, where no health
/// check is named), on the way out as on the way back: users notice a little less.
struct RunReport {
  private(set) var downSince: WallTime?
  /// Nil while services are still away.
  private(set) var upSince: WallTime?
  /// Whether health checks said so, and not only that they run.
  private(set) var isProved = false
  private(set) var done = 0
  private(set) var skipped = 0
  /// The steps that were taken back, in that order.
  private(set) var undone: [String] = []

  init(_ plan: Plan, _ history: some Sequence<(JournalRecord, RunEvent)>) {
    let history = Array(history)
    let uses = Dictionary(plan.steps.map { ($0.id, $0.uses) }, uniquingKeysWith: { first, _ in first })
    let hasHealth = history.contains { _, event in
      guard case .step(let id, .guarded(nil)) = event else { return false }
      return uses[id] == "health.check"
    }
    let hasChecks = plan.bindings["health"]?.array?.isEmpty == false
    var wereHealthy = false
    for (record, event) in history {
      guard case .step(let id, let event) = event, let use = uses[id] else { continue }
      count(id, event)
      switch (use, event) {
      case ("services.stop", .intended(_, let snapshot, _)):
        guard downSince == nil, snapshot?["running"]?.array?.isEmpty == false else { break }
        downSince = record.wallTime
        wereHealthy = snapshot?["wereHealthy"]?.bool == true
      case ("services.stop", .undone): (upSince, isProved) = (record.wallTime, hasChecks && wereHealthy)
      case ("services.start", .succeeded) where !hasHealth: upSince = record.wallTime
      case ("health.check", .succeeded): (upSince, isProved) = (record.wallTime, true)
      // What was healthy is taken away again by the way back.
      case ("services.start", .undoIntended): upSince = nil
      default: break
      }
    }
  }

  private mutating func count(_ id: String, _ event: StepEvent) {
    switch event {
    case .succeeded, .adopted: done += 1
    case .guarded(let reason): skipped += reason == nil ? 0 : 1
    case .undone: undone.append(id)
    case .obstructed, .intended, .attemptFailed, .probedUnknown, .suspended, .failed, .undoIntended,
      .undoAttemptFailed, .undoFailed:
      break
    }
  }

  /// How long services were away; nil where they were not, still are, or a clock was set back meanwhile.
  var downtime: Duration? {
    guard let downSince, let upSince, upSince >= downSince else { return nil }
    return upSince - downSince
  }

  /// One line for people; nil for a run that stopped no service.
  var line: String? {
    guard let downSince else { return nil }
    var parts: [String] = []
    if let downtime, let upSince {
      parts.append(
        "services were down for \(ElapsedText.text(downtime)), from the order to stop (\(downSince)) until they"
          + " \(isProved ? "were healthy" : "ran again") (\(upSince))")
    } else if upSince == nil {
      parts.append("services are down, or not proved healthy again, since \(downSince)")
    }
    parts.append("\(done) step\(done == 1 ? "" : "s") done")
    if !undone.isEmpty { parts.append("undone: \(undone.joined(separator: ", "))") }
    return parts.joined(separator: "; ")
  }

  /// Members for the summary of `--json`.
  var members: [String: JSONValue] {
    var members: [String: JSONValue] = [
      "steps-done": .integer(Int64(done)), "steps-skipped": .integer(Int64(skipped)),
      "undone": .array(undone.map { .string($0) }),
    ]
    if let downSince { members["down-since"] = .string(downSince.description) }
    if let downtime { members["downtime-ms"] = .integer(downtime.nanoseconds / 1_000_000) }
    return members
  }
}
