/// What kind of place a policy describes, and so how careful everything has to be there.
package enum Environment: String, Sendable, Hashable, Codable, CaseIterable {
  case production
  case staging
  case development
  /// No policy says what it is. It can't be written in a file.
  case unspecified
}

extension Environment {
  /// The values that a policy file may have.
  package static let declarable: [Environment] = [.production, .staging, .development]

  /// Whether faults may be injected here; only where a policy says that nothing of worth can be lost.
  package var allowsFaultInjection: Bool { self == .staging || self == .development }

  /// Whether what destroys or swaps must be confirmed by typing the target's name.
  package var needsTypedConfirmation: Bool { self == .production }
}
