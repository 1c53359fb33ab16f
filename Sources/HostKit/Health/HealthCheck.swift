package import RecoverBase

/// How often, how long and with what success something is looked at.
package struct HealthCheck: Sendable, Hashable {
  /// From the start of one look to the start of the next; one that takes longer is followed at once.
  package var every: Duration
  /// How long all of it may take.
  package var within: Duration
  /// How many passes in a row are needed, at least 1.
  package var passes: Int
  /// How long one look may take.
  package var timeout: Duration
  /// How often a pass may be followed by something else before it has failed; nil for any number.
  package var flaps: Int?

  package init(
    every: Duration = .seconds(1), within: Duration = .seconds(60), passes: Int = 1, timeout: Duration = .seconds(5),
    flaps: Int? = nil
  ) {
    self.flaps = flaps
    self.every = every
    self.within = within
    self.passes = passes
    self.timeout = timeout
  }
}

extension HealthCheck {
  /// What all looks together gave.
  package struct Report: Sendable, Hashable {
    package var verdict: HealthResult
    package var checks: Int
    /// How often a pass was followed by something else.
    package var drops: Int
    package var elapsed: Duration
  }

  /// Looks until there were enough passes in a row or the time is over.
  ///
  /// There is always one look, also with no time at all. None begins when the time is over, and one that
  /// has begun gets no more than is left.
  ///
  /// - Parameters:
  ///   - now: the clock.
  ///   - pause: waits; throws when the task is cancelled.
  /// - Throws: ``RecoverError`` `interrupted` when the task is cancelled.
  package func run(
    _ probe: any ProbeDriver, now: @Sendable () -> Moment = { .now },
    pause: @Sendable (Duration) async throws -> Void = { try await Task.sleep(for: $0) }
  ) async throws -> Report {
    let start = now()
    let end = start + within
    var window = HealthWindow(passes: passes, flaps: flaps)
    while true {
      let begun = now()
      let limit = begun + timeout
      window.record(await probe.check(Deadline(window.checks == 0 ? limit : min(limit, end))))
      guard !Task.isCancelled else { throw Self.interrupted(nil) }
      let next = max(begun + every, now())
      guard !window.isHealthy, !window.isFlapping, next < end else { break }
      do { try await pause(next - now()) } catch { throw Self.interrupted(error) }
    }
    return Report(verdict: window.verdict, checks: window.checks, drops: window.drops, elapsed: now() - start)
  }

  private static func interrupted(_ error: (any Error)?) -> RecoverError {
    RecoverError(.interrupted, "stopped in the middle of a health check", underlying: error)
  }
}
