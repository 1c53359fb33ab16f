internal import HostKit
internal import PostgresKit
internal import RecoverBase
package import RecoverCore

/// What a run owes, and the commands with which a person pays it by hand.
package struct Debt: Sendable, Hashable {
  /// The obligation, as the plan words it.
  package var text: String
  /// Commands for the shell, in their order; empty where nobody knows any.
  package var payments: [String]

  /// The debts of a run that are open.
  package static func open(in machine: RunMachine) -> [Debt] {
    let owing = machine.owingSteps
    let isDropped = owing.contains { machine.plan.steps[$0].uses == "database.drop-live" }
    return owing.map { index in
      let planned = machine.plan.steps[index]
      let snapshot = machine.steps[index].snapshot
      // A database that is not there can't be opened; what is restored from its dump is open.
      let isMoot = isDropped && planned.uses == "database.fence"
      let payments =
        isMoot
        ? []
        : planned.uses == "release.deploy"
          ? (try? goingBack(machine)) ?? [] : (try? payments(planned, machine.plan, snapshot: snapshot)) ?? []
      return Debt(text: planned.obligation ?? planned.id, payments: payments)
    }
  }

  private static func payments(_ planned: PlannedStep, _ plan: Plan, snapshot: JSONValue?) throws -> [String] {
    switch planned.uses {
    case "services.stop": try starts(planned, plan, snapshot)
    case "database.fence": [try reopening(plan, snapshot)]
    case "database.drop-live": try restoring(plan, snapshot)
    default: []
    }
  }

  /// The start commands of the services that ran before, in the order in which the run would start them.
  private static func starts(_ planned: PlannedStep, _ plan: Plan, _ snapshot: JSONValue?) throws -> [String] {
    let drivers = StepDrivers(host: "", compose: ComposeLocator())
    let services = try ServicesWork(planned, plan, drivers).services
    let running = try? snapshot?.decoded(as: ServicesSnapshot.self).running
    return services.filter { running?.contains($0.name) ?? true }.reversed().map { CommandText.start(of: $0.policy) }
  }

  /// The commands that deploy the release of before, after its stash was brought back.
  private static func goingBack(_ machine: RunMachine) throws -> [String] {
    let bindings = try machine.plan.bindings.decoded(as: ReleaseBindings.self)
    guard let before = bindings.before, let serving = bindings.serving else { return [] }
    let deploy = CommandText.of(bindings.deploy)
    if let releases = bindings.releases, let link = before.link {
      let directory = link.hasPrefix("/") ? link : "\(releases)/\(link)"
      return [
        "ln -sfn \(ShellWord.quoted(link)) \(ShellWord.quoted(releases))/current",
        "(cd \(ShellWord.quoted(directory)) && \(deploy))",
      ]
    }
    let stash = machine.plan.steps.firstIndex { $0.uses == "release.stash" }.flatMap {
      machine.steps[$0].snapshot?["stash"]?.string
    }
    let words =
      [
        "cd \(ShellWord.quoted(bindings.repository))",
        "git checkout \(ShellWord.quoted(bindings.deployed?.id ?? before.branch ?? serving.id))",
      ]
      + (stash.map { ["git stash apply --index \($0)"] } ?? []) + (bindings.build.map { [CommandText.of($0)] } ?? [])
      + [deploy]
    return ["(\(words.joined(separator: " && ")))"]
  }

  /// psql with the statement that opens the live database as it was.
  private static func reopening(_ plan: Plan, _ snapshot: JSONValue?) throws -> String {
    let bindings = try plan.bindings.decoded(as: DatabaseBindings.self)
    let facts = try snapshot?.decoded(as: DatabaseFacts.self)
    let statement = DatabaseFence(database: bindings.name, oid: bindings.liveOID ?? 0)
      .reopening(as: facts, from: bindings.serve == .readOnly || bindings.inPlace != nil ? .readOnly : .closed)
    return try psql(statement, bindings)
  }

  /// psql with a statement for the maintenance database.
  private static func psql(_ statement: String, _ bindings: DatabaseBindings) throws -> String {
    let url = try ConnectionSettings(bindings.adminURL ?? bindings.url)
      .replacing(database: bindings.maintenanceDatabase).redactedURL
    return "psql \(ShellWord.quoted(url)) -c \(ShellWord.quoted(statement))"
  }

  /// Makes the database of before anew, and loads its safety dump.
  private static func restoring(_ plan: Plan, _ snapshot: JSONValue?) throws -> [String] {
    let bindings = try plan.bindings.decoded(as: DatabaseBindings.self)
    guard let dropped = try snapshot?.decoded(as: DropLiveSnapshot.self) else { return [] }
    let statement = DatabaseCreation(like: dropped.live)
      .statement(name: bindings.name, serverVersion: bindings.server.version)
    let url = try ConnectionSettings(bindings.adminURL ?? bindings.url).replacing(database: bindings.name).redactedURL
    return [
      try psql(statement, bindings),
      "gunzip -c \(ShellWord.quoted(dropped.safetyDump)) | psql --set=ON_ERROR_STOP=1 \(ShellWord.quoted(url))",
    ]
  }
}

/// Commands of a policy as a person types them.
package enum CommandText {
  package static func of(_ invocation: Invocation) -> String {
    switch invocation {
    case .shell(let line): line
    case .arguments(let arguments): arguments.map(ShellWord.quoted).joined(separator: " ")
    }
  }

  /// The command that starts a service, by the Compose that is installed where it is read.
  package static func start(of service: ServicePolicy) -> String {
    switch service.control {
    case .command(let control): inPlace(control, control.start)
    case .systemd(let control): systemctl(control, "start")
    case .process(let control):
      "(cd \(ShellWord.quoted(control.workingDirectory)) && \(of(control.run)) >> \(ShellWord.quoted(control.logFile)) 2>&1 &)"
    case .compose(let control): composeStart(control)
    }
  }

  /// The command that stops it.
  package static func stop(of service: ServicePolicy) -> String {
    switch service.control {
    case .command(let control): of(control.stop)
    case .systemd(let control): systemctl(control, "stop")
    case .process(let control): "ending the process that \(control.pidFile) names"
    case .compose(let control): compose(control, "stop")
    }
  }

  private static func systemctl(_ control: ServicePolicy.SystemdControl, _ order: String) -> String {
    "systemctl\(control.user ? " --user" : "") \(order) \(ShellWord.quoted(control.unit))"
  }

  private static func inPlace(_ control: ServicePolicy.CommandControl, _ invocation: Invocation) -> String {
    let variables = control.environment.sorted { $0.key < $1.key }.map { "\($0.key)=\(ShellWord.quoted($0.value))" }
    let line = of(invocation)
    guard variables.isEmpty else {
      let command = "env \(variables.joined(separator: " ")) /bin/sh -c \(ShellWord.quoted(line))"
      return "(cd \(ShellWord.quoted(control.workingDirectory)) && \(command))"
    }
    return "(cd \(ShellWord.quoted(control.workingDirectory)) && \(line))"
  }

  private static func composeStart(_ control: ServicePolicy.ComposeControl) -> String {
    let scaling = control.scale.map { " --scale \(ShellWord.quoted("\(control.service)=\($0)"))" } ?? ""
    switch control.start {
    case .start: return compose(control, "up -d --no-recreate\(scaling)")
    case .up: return compose(control, "up -d --no-deps\(scaling)")
    case .recreate: return compose(control, "up -d --no-deps --force-recreate\(scaling)")
    }
  }

  private static func compose(_ control: ServicePolicy.ComposeControl, _ order: String) -> String {
    let files = control.files.map { " -f \(ShellWord.quoted($0))" }.joined()
    let project = control.project.map { " -p \(ShellWord.quoted($0))" } ?? ""
    return "\(ComposeTool.typed)\(files)\(project) \(order) \(ShellWord.quoted(control.service))"
  }
}
