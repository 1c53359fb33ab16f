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
    /// It could not be found out, or only a part of it runs.
    case unknown

    /// Whether nothing of the service runs; `unknown` is not.
    package var isDown: Bool {
      switch self {
      case .stopped, .failed: true
      case .running, .starting, .unknown: false
      }
    }
  }
}

extension ServiceState: CustomStringConvertible {
  package var description: String { detail.isEmpty ? phase.rawValue : "\(phase.rawValue) (\(detail))" }
}
