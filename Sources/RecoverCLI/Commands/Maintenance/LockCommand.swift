internal import ArgumentParser
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `recover lock`: who may act on which target.
struct LockCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lock", abstract: "See who holds the targets, and break a lease.",
    subcommands: [Status.self, Break.self], defaultSubcommand: Status.self)

  /// `recover lock status`.
  struct Status: ReportingCommand {
    static let configuration = CommandConfiguration(
      commandName: "status", abstract: "List leases and their holders.", usage: "recover lock status [<options>]")
    @OptionGroup var global: GlobalOptions

    mutating func runReporting() async throws -> ExitStatus {
      let composition = try Composition(global)
      let leases = try await composition.existingStore()?.leases() ?? []
      guard !leases.isEmpty else {
        return try Answer(text: "no leases in \(composition.stateDirectory)").write(global)
      }
      var table = TextTable(headings: ["TARGET", "RUN", "EPOCH", "HOLDER", "STATE"])
      var rows: [[String: JSONValue]] = []
      for lease in leases {
        let holder = lease.owner.map { "pid \($0.pid) of \($0.user) on \($0.host)" } ?? "nobody"
        let state =
          composition.isHeld(lease.run, [lease]) ? "live" : lease.owner == nil ? "released" : "dead or expired"
        table.add([lease.target, lease.run.text, "\(lease.epoch)", holder, state])
        rows.append([
          "kind": "lease", "target": .string(lease.target), "run": .string(lease.run.text),
          "epoch": .integer(lease.epoch), "holder": .string(holder), "state": .string(state),
        ])
      }
      return try Answer(text: table.text, rows: rows).write(global)
    }
  }

  /// `recover lock break TARGET`.
  struct Break: ReportingCommand {
    static let configuration = CommandConfiguration(
      commandName: "break", abstract: "Take a target's lease away from its holder.",
      usage: "recover lock break <target> [--yes] [<options>]",
      discussion: """
        The holder can't append to its journal from then on. A dead process's
        lease needs no breaking.
        """)
    @Argument(help: ArgumentHelp("The target, as `recover lock status` names it.", valueName: "target"))
    var target: String
    @Flag(help: "Confirm.")
    var yes = false
    @OptionGroup var global: GlobalOptions

    mutating func runReporting() async throws -> ExitStatus {
      let composition = try Composition(global)
      guard let store = try composition.existingStore(),
        try await store.leases().contains(where: { $0.target == target })
      else {
        throw RecoverError(
          .usage, "no lease is known for \(target) in \(composition.stateDirectory)",
          hint: "recover lock status lists the targets")
      }
      guard yes else {
        throw RecoverError(.notConfirmed, "the lease of \(target) was not broken", hint: "confirm with --yes")
      }
      try await store.breakLease(of: target)
      return try Answer(text: "the lease of \(target) is broken; resume or cancel its run next").write(global)
    }
  }
}
