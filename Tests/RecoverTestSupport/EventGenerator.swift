package import RecoverBase
package import RecoverCore

/// Random values of everything that a journal holds.
extension SeededGenerator {
  /// Text with what JSON has to escape, and what UTF-8 needs several bytes for.
  package mutating func text() -> String {
    let parts = ["a", "step", " ", "\"", "\\", "\n", "\u{0}", "/", "é", "日", "😀", "\u{2028}", "{", "null", "0"]
    return (0..<int(0...6)).map { _ in pick(parts) }.joined()
  }

  /// A JSON document; integral doubles are left out, since JSON has one form for 1 and 1.0.
  package mutating func json(depth: Int = 2) -> JSONValue {
    switch int(0...(depth > 0 ? 7 : 5)) {
    case 0: return .null
    case 1: return .bool(chance(1, of: 2))
    case 2: return .integer(Int64(truncatingIfNeeded: next()))
    case 3: return .integer(Int64(int(-3...3)))
    case 4: return .number(Double(int(-1000...1000)) + 0.5)
    case 5: return .string(text())
    case 6: return .array((0..<int(0...3)).map { _ in json(depth: depth - 1) })
    default:
      let members = (0..<int(0...3)).map { _ in (text(), json(depth: depth - 1)) }
      return .object(Dictionary(members, uniquingKeysWith: { first, _ in first }))
    }
  }

  package mutating func time() -> WallTime { WallTime(microseconds: Int64(truncatingIfNeeded: next()) / 4) }

  package mutating func cause() -> Cause {
    Cause(
      code: pick(RecoverError.Code.allCases), message: text(), hint: chance(1, of: 2) ? text() : nil,
      step: chance(1, of: 2) ? text() : nil)
  }

  package mutating func duration() -> Duration { .nanoseconds(int(0...1_000_000_000_000)) }

  package mutating func plannedStep(_ id: String) -> PlannedStep {
    PlannedStep(
      id: id, uses: text(), kind: pick(StepKind.allCases), with: ["a": json()],
      retry: RetryPolicy(attempts: int(1...5), backoff: duration(), maxBackoff: duration(), jitter: chance(1, of: 2)),
      timeout: chance(1, of: 2) ? duration() : nil, deadline: chance(1, of: 2) ? duration() : nil,
      onExhausted: pick([.fail, .pause]), resources: (0..<int(0...2)).map { _ in text() },
      obligation: chance(1, of: 3) ? text() : nil,
      approval: chance(1, of: 4) ? ApprovalTerms(message: text(), within: duration()) : nil,
      dischargedBy: (0..<int(0...2)).map { _ in text() })
  }

  package mutating func plan() -> Plan {
    var plan = Plans.plan((0..<int(0...3)).map { plannedStep("s\($0)") })
    plan.bindings = json()
    return plan
  }

  package mutating func stepEvent() -> StepEvent {
    switch int(0...12) {
    case 0: .guarded(skip: chance(1, of: 2) ? text() : nil)
    case 1: .adopted(evidence: json())
    case 2: .obstructed(cause: cause())
    case 3: .intended(attempt: int(1...3), snapshot: chance(1, of: 2) ? json() : nil, isRepair: chance(1, of: 2))
    case 4: .succeeded(evidence: json())
    case 5: .attemptFailed(cause: cause(), retryAt: time())
    case 6: .probedUnknown(cause: cause(), retryAt: time())
    case 7: .suspended
    case 8: .failed(cause: cause())
    case 9: .undoIntended(attempt: int(1...3))
    case 10: .undone(evidence: json())
    case 11: .undoAttemptFailed(cause: cause(), retryAt: time())
    default: .undoFailed(cause: cause())
    }
  }

  /// Any event, whether or not it makes sense.
  package mutating func event(steps: [String] = ["a", "b"]) -> RunEvent {
    switch int(0...20) {
    case 0: .started(confirmedBy: text())
    case 1: .resumed(by: text(), grant: chance(1, of: 2))
    case 2: .checkpoint(step: pick(steps), name: text(), value: json())
    case 3: .childStarted(step: pick(steps), child: json())
    case 4: .approvalRequested(step: pick(steps), until: time())
    case 5: .approved(step: pick(steps), by: text())
    case 6: .paused(cause: cause())
    case 7: .failing(cause: cause(), pivotDisproved: chance(1, of: 2))
    case 8: .completed
    case 9: .compensated
    case 10: .finished
    case 11: .stuck(cause: cause())
    case 12: .compensateRequested(by: text())
    case 13: .abandoned(by: text())
    case 14: .requestIgnored(kind: text())
    case 15: .refused(cause: cause())
    default: .step(id: pick(steps), event: stepEvent())
    }
  }
}
