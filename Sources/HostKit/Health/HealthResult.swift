/// What one look at something gave.
package enum HealthResult: Sendable, Hashable {
  case healthy
  /// It answered wrongly, or not at all.
  case unhealthy(String)
  /// It could not be asked.
  case unknown(String)

  package var isHealthy: Bool { self == .healthy }

  /// Why it is not healthy.
  package var reason: String? {
    switch self {
    case .healthy: nil
    case .unhealthy(let reason), .unknown(let reason): reason
    }
  }
}
