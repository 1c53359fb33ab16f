package import RecoverBase

/// One way of looking whether something works.
package protocol ProbeDriver: Sendable {
  /// Looks once, and changes nothing.
  ///
  /// Comes back by the deadline, or a moment after it; a cancelled task ends it early, with `unknown`.
  func check(_ deadline: Deadline) async -> HealthResult
}
