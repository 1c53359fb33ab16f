internal import RecoverBase
internal import RecoverCore

/// The keys of an environment file.
enum EnvironmentSchema {
  /// The version that this program reads.
  static let version: Int64 = 1
  /// ./policies/environment.yaml speaks of the project's own directory.
  static let standardRoot = ".."

  static let root = Record(
    name: "environment", summary: "What can be recovered in one environment, and what stands around it.",
    fields: [
      Field("version", .integer(version...version), .required, "The version of this form: 1."),
      Field(
        "environment", .choice(Environment.declarable.map(\.rawValue)), .required,
        "What kind of place this is; faults are injected only in staging and development."),
      Field(
        "root", .text(.line), .defaulted(.string(standardRoot)),
        "The directory that relative paths start from; itself relative to the directory of this file."),
      Field("repository", .text(.path), .optional, "The directory of the backups."),
      Field("databases", .names(.record(database), .databases), .defaulted([:]), "The databases, by name."),
      Field("trees", .names(.record(tree), nil), .defaulted([:]), "The directory trees, by name."),
      Field("deployments", .names(.record(deployment), nil), .defaulted([:]), "The deployments, by name."),
      Field("services", .names(.record(service), .services), .defaulted([:]), "The services, by name."),
      Field("health", .names(.record(health), .health), .defaulted([:]), "The health checks, by name."),
    ],
    rule: { nestedGroup(in: $0["health"]) })

  /// Keys that several records share.
  static let services = Field(
    "services", .list(.reference(.services), .unique), .defaulted([]),
    "Services to stop meanwhile, in this order; they are started in reverse.")
  static let healthChecks = Field(
    "health", .list(.reference(.health), .unique), .defaulted([]), "Checks that say whether they work again.")
  static let keepPrevious = Field(
    "keep-previous", .duration(minimum: .zero), .defaulted(DatabasePolicy.defaultRetention),
    "How long the replaced copy is kept.")
  static let keepFailed = Field(
    "keep-failed", .duration(minimum: .zero), .defaulted(DatabasePolicy.defaultRetention),
    "How long a restored copy that failed its health check is kept.")
  static let workingDirectory = Field(
    "working-directory", .text(.path), .root, "Where the commands run; otherwise the root.")
  static let variables = Field(
    "environment", .textMap, .defaulted([:]),
    "Added to the commands' environment; stored with the plan, so no place for secrets.")

  /// A key for a limit in time, at least 1 ms.
  static func limit(_ key: String, _ standard: Duration, _ summary: String) -> Field {
    Field(key, .duration(minimum: .milliseconds(1)), .defaulted(standard), summary)
  }
}
