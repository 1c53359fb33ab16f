internal import RecoverBase
internal import RecoverCore

extension EnvironmentSchema {
  static let database = Record(
    name: "database", summary: "A PostgreSQL database that can be recovered.",
    fields: [
      Field("url", .text(.databaseURL), .required, "How to connect, without a password."),
      Field(
        "admin-url", .text(.databaseURL), .optional,
        "How to connect as the role that may create, rename and drop databases."),
      Field(
        "maintenance-database", .text(.line), .optional,
        "The database to connect to while the database itself is replaced; otherwise `postgres`."),
      Field("password-file", .text(.path), .optional, "A file with the password on its first line."),
      Field("public-key", .text(.path), .optional, "A file with the Ed25519 key that must have signed a backup."),
      services,
      healthChecks,
      keepPrevious,
      keepFailed,
      Field(
        "assertions", .list(.record(assertion), .uniqueBy("name")), .defaulted([]),
        "What must be true in the restored database before it is swapped in."),
      Field("free-disk", .size, .optional, "Free space on the server, where its disk can't be seen from here."),
      Field(
        "after-restore", .list(.record(hook), .uniqueBy("name")), .defaulted([]),
        "What runs after the restore and before any traffic, in this order."),
      Field(
        "serve", .choice(ServeMode.allCases.map(\.rawValue)), .defaulted(.string(ServeMode.none.rawValue)),
        "What the live database serves during the load: nothing, reads, or everything (whose writes are lost)."),
    ])

  static let assertion = Record(
    name: "assertion", summary: "A query that must answer true.",
    fields: [
      Field("name", .text(.line), .required, "What it asserts, for people."),
      Field("sql", .text(.anything), .required, "One row whose first column is a boolean."),
    ])

  static let hook = Record(
    name: "hook", summary: "Statements or a command; it may run again when a run is resumed.",
    fields: [
      Field("name", .text(.line), .required, "What it does, for people."),
      Field("sql", .text(.anything), .optional, "Statements for the restored database, in one transaction."),
      Field("shell", .command, .optional, "A command."),
      Field("probe", .command, .optional, "Exits with 0 when the command's effect is there already."),
      Field("undo", .command, .optional, "Takes the command's effect back."),
      limit("timeout", HookPolicy.defaultTimeout, "How long it may take."),
    ],
    exactlyOne: ["sql", "shell"],
    rule: { values in
      guard values["sql"] != nil, let extra = ["probe", "undo"].first(where: { values[$0] != nil }) else { return nil }
      return RuleViolation(key: extra, message: "`\(extra)` goes with `shell`, not with `sql`", hint: nil)
    })

  static let tree = Record(
    name: "tree", summary: "A directory tree that can be recovered.",
    fields: [
      Field("path", .text(.path), .required, "The tree's directory."),
      Field("owner", .text(.owner), .optional, "Who owns what is restored, as `user:group`."),
      Field("modes", .text(.modes), .optional, "What is changed of modes, as chmod has it: `u=rwX,g=rX,o=`."),
      services,
      healthChecks,
      keepPrevious,
      keepFailed,
    ])

  static let deployment = Record(
    name: "deployment", summary: "A git work tree that commands of its own build and deploy.",
    fields: [
      Field("repository", .text(.path), .required, "The work tree's top directory; the commands run in it."),
      Field(
        "strategy", .choice(DeploymentPolicy.Strategy.allCases.map(\.rawValue)),
        .defaulted(.string(DeploymentPolicy.Strategy.checkout.rawValue)),
        "Whether a release is checked out in the work tree, or in a directory of its own."),
      Field(
        "releases", .text(.path), .optional,
        "With `strategy: worktree`: the directory of the releases, and of the link `current` to one of them."),
      Field(
        "remote", .text(.line), .defaulted(.string(DeploymentPolicy.defaultRemote)), "Where new revisions come from."),
      Field(
        "track", .text(.line), .optional,
        "What `recover deploy` takes when no revision is named, such as origin/main; otherwise what the branch follows."
      ),
      Field(
        "compatible", .command, .optional,
        "Exits with 0 when RECOVER_RELEASE can take the place of RECOVER_RELEASE_BEFORE, and with 1 when it can't."),
      Field("build", .command, .optional, "Builds the checked-out revision; it may run again when a run is resumed."),
      Field("deploy", .command, .required, "Puts what was built into service; it may run again as well."),
      variables,
      limit("build-timeout", DeploymentPolicy.defaultTimeout, "How long a build may take."),
      limit("deploy-timeout", DeploymentPolicy.defaultTimeout, "How long a deployment may take."),
      Field(
        "keep", .integer(2...1000), .defaulted(.integer(Int64(DeploymentPolicy.defaultKeep))),
        "With `strategy: worktree`: how many directories of releases are kept."),
      services,
      healthChecks,
    ],
    rule: { values in
      let isWorktree = values["strategy"]?.string == DeploymentPolicy.Strategy.worktree.rawValue
      guard isWorktree != (values["releases"] != nil) else { return nil }
      return isWorktree
        ? RuleViolation(
          key: "strategy", message: "`worktree` needs a directory for the releases",
          hint: "add `releases: DIR`, beside the repository and not in it")
        : RuleViolation(key: "releases", message: "`releases` goes with `strategy: worktree`", hint: nil)
    })
}
