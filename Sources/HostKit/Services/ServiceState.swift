/// How a service is, as far as it can be known from outside.
package struct ServiceState: Sendable, Hashable {
  package var phase: Phase
  /// What was seen, for people: `exited with 137`.
  package var detail: String

  package init(_ phase: Phase, _ detail: String) {
    self.phase = phase
    self.detail = detail
  }

  package enum Phase: String, Sendable, Hashable, Codable, CaseIterable {
    case running
    /// On its way up, or down and being restarted by its supervisor.
    case starting
    /// Not running, as it should be when it was stopped.
    case stopped
    /// Not running, and not because it was told so.
    case failed
    /// Only a part of it runs: some of its containers.
    case partial
    /// It could not be found out.
    case unknown

    /// Whether nothing of the service runs; `unknown` is not.
    package var isDown: Bool {
      switch self {
      case .stopped, .failed: true
      case .running, .starting, .partial, .unknown: false
      }
    }

    /// Those in which something of the service runs, which a stop has to end.
    package static let alive: Set<Phase> = [.running, .starting, .partial]
  }
}

extension ServiceState: CustomStringConvertible {
  package var description: String { detail.isEmpty ? phase.rawValue : "\(phase.rawValue) (\(detail))" }
}
