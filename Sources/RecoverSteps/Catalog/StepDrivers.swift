package import HostKit
package import RecoverBase

/// What steps are bound to beside their plan: what this process knows and no plan may hold.
package struct StepDrivers: Sendable {
  /// The password that was part of `--database`; libpq's own sources are used when nil.
  package var databasePassword: Secret?
  /// The host's name, for breadcrumbs.
  package var host: String
  /// Finds Compose once for all the services.
  package var compose: ComposeLocator
  /// What ``FilesReport/namesDigest`` must be, as a person has seen it in the plan; nil for anything.
  package var expectedNames: String?

  package init(databasePassword: Secret? = nil, host: String, compose: ComposeLocator) {
    self.databasePassword = databasePassword
    self.host = host
    self.compose = compose
  }
}
