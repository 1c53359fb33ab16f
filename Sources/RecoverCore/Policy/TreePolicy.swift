/// A directory tree that can be recovered.
package struct TreePolicy: Sendable, Hashable, Codable {
  /// The tree's directory, absolute.
  package var path: String
  /// Who owns what is restored, `user:group` as names or numbers; nil: whom the archive names.
  package var owner: String?
  /// What is changed of the archive's modes, as chmod(1) has it; nil: nothing.
  package var modes: String?
  /// Names of the services that use the tree: stopped while it is swapped.
  package var services: [String]
  /// Names of the checks that say whether they work again.
  package var health: [String]
  /// How long the replaced tree is kept.
  @DurationText package var keepPrevious: Duration
  /// How long a restored tree that failed its health check is kept.
  @DurationText package var keepFailed: Duration

  package init(
    path: String, owner: String? = nil, modes: String? = nil, services: [String] = [], health: [String] = [],
    keepPrevious: Duration = DatabasePolicy.defaultRetention, keepFailed: Duration = DatabasePolicy.defaultRetention
  ) {
    self.path = path
    self.owner = owner
    self.modes = modes
    self.services = services
    self.health = health
    self.keepPrevious = keepPrevious
    self.keepFailed = keepFailed
  }

  enum CodingKeys: String, CodingKey {
    case path
    case owner
    case modes
    case services
    case health
    case keepPrevious = "keep-previous"
    case keepFailed = "keep-failed"
  }
}
