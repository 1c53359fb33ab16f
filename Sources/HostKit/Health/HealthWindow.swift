/// Decides from the results of one probe whether what it looks at is healthy: so many passes in a row.
///
/// A plain value: the caller keeps the time, feeds results and says when there are no more.
package struct HealthWindow: Sendable, Hashable {
  /// How many passes in a row make it healthy; at least 1.
  package let passes: Int
  /// How often a pass may be followed by something else; nil for any number.
  package let flaps: Int?
  package private(set) var checks = 0
  /// Passes in a row, up to now.
  package private(set) var streak = 0
  /// How often a pass was followed by something else.
  package private(set) var drops = 0
  /// The last result that was no pass.
  package private(set) var lastTrouble: HealthResult?

  package init(passes: Int, flaps: Int? = nil) {
    self.flaps = flaps
    precondition(passes >= 1, "a health check asks for at least one pass")
    self.passes = passes
  }

  /// Whether there have been enough passes in a row; from then on it takes no more results.
  package var isHealthy: Bool { streak >= passes }

  /// Whether it has dropped more often than it may; from then on it can't become healthy.
  package var isFlapping: Bool { flaps.map { drops > $0 } ?? false }

  /// Takes the next result; what comes after enough passes changes nothing.
  package mutating func record(_ result: HealthResult) {
    guard !isHealthy, !isFlapping else { return }
    checks += 1
    switch result {
    case .healthy: streak += 1
    case .unhealthy, .unknown:
      if streak > 0 { drops += 1 }
      streak = 0
      lastTrouble = result
    }
  }

  /// The verdict, when no more results come.
  ///
  /// Unhealthy, unless the last trouble was that it could not be asked, or it was never asked: then unknown.
  package var verdict: HealthResult {
    if isHealthy { return .healthy }
    switch lastTrouble {
    case .unknown(let reason): return .unknown(reason)
    case .unhealthy(let reason): return .unhealthy(explained(reason))
    case .healthy, nil:
      return checks == 0 ? .unknown("it was never asked") : .unhealthy(explained(nil))
    }
  }

  private func explained(_ reason: String?) -> String {
    var parts: [String] = []
    if streak > 0 { parts.append("only \(streak) of \(passes) passes in a row when the time was over") }
    if drops > 0 { parts.append("it flaps: passed and failed again \(drops) \(drops == 1 ? "time" : "times")") }
    if let reason { parts.append(streak > 0 ? "before: \(reason)" : reason) }
    return parts.joined(separator: "; ")
  }
}
