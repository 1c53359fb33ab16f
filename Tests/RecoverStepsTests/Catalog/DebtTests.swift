import HostKit
import PostgresKit
import RecoverBase
import RecoverCore
import Testing

@testable import RecoverSteps

@Suite("Debts")
struct DebtTests {
  static func command(_ start: Invocation, environment: [String: String] = [:]) -> ServicePolicy {
    ServicePolicy(
      control: .command(
        ServicePolicy.CommandControl(
          start: start, stop: .shell("halt it"), status: .shell("true"), workingDirectory: "/srv/a b",
          environment: environment)))
  }

  static let compose = ServicePolicy(
    control: .compose(ServicePolicy.ComposeControl(files: ["/srv/c.yml"], project: "p", service: "web")))

  @Test("a service is started as its policy says, from wherever the command is typed")
  func starts() {
    #expect(CommandText.start(of: Self.command(.shell("run it"))) == "(cd '/srv/a b' && run it)")
    #expect(CommandText.start(of: Self.command(.arguments(["run", "a b"]))) == "(cd '/srv/a b' && run 'a b')")
    #expect(
      CommandText.start(of: Self.command(.shell("run it"), environment: ["A": "1", "B": "x y"]))
        == "(cd '/srv/a b' && env A=1 B='x y' /bin/sh -c 'run it')")
    #expect(
      CommandText.start(of: Self.compose) == "\(ComposeTool.typed) -f /srv/c.yml -p p up -d --no-recreate web")
    #expect(CommandText.stop(of: Self.compose) == "\(ComposeTool.typed) -f /srv/c.yml -p p stop web")
  }

  @Test("a database is opened by the statement that its fence would use")
  func statements() {
    let fence = DatabaseFence(database: "My\"Db", oid: 1)
    #expect(fence.reopening(as: nil, from: .closed) == #"ALTER DATABASE "My""Db" ALLOW_CONNECTIONS true"#)
    #expect(
      fence.reopening(as: nil, from: .readOnly) == #"ALTER DATABASE "My""Db" RESET "default_transaction_read_only""#
        || fence.reopening(as: nil, from: .readOnly) == #"ALTER DATABASE "My""Db" RESET default_transaction_read_only"#)
  }

  @Test("a run owes what it stopped, and no more once that runs again")
  func services() throws {
    let services = ["web", "worker"].map { NamedService(name: $0, policy: Self.command(.shell("start \($0)"))) }
    let plan = Plan(
      procedure: "own", target: Target(kind: .custom, identity: "h", name: "own"), environment: .staging,
      bindings: ["services": try JSONValue(encoding: services)],
      steps: [
        PlannedStep(
          id: "stop", uses: "services.stop", kind: .compensable, retry: .once, obligation: "the services are stopped")
      ])
    var machine = RunMachine(plan: plan)
    func apply(_ event: RunEvent) throws { try machine.apply(event, at: WallTime(microseconds: 0)) }
    try apply(.started(confirmedBy: "x"))
    try apply(.step(id: "stop", event: .guarded(skip: nil)))
    #expect(Debt.open(in: machine).isEmpty)
    let snapshot = try JSONValue(encoding: ServicesSnapshot(running: ["web"], wereHealthy: true))
    try apply(.step(id: "stop", event: .intended(attempt: 1, snapshot: snapshot, isRepair: false)))
    #expect(
      Debt.open(in: machine) == [Debt(text: "the services are stopped", payments: ["(cd '/srv/a b' && start web)"])])
    try apply(.failing(cause: Cause(code: .cancelled, message: "m"), pivotDisproved: false))
    try apply(.step(id: "stop", event: .undoIntended(attempt: 1)))
    try apply(.step(id: "stop", event: .undone(evidence: .null)))
    #expect(Debt.open(in: machine).isEmpty)
  }

  @Test("a release that is half deployed is paid for by deploying the one of before, on its branch and with its stash")
  func releases() throws {
    func commit(_ digit: String) -> GitCommit {
      GitCommit(id: String(repeating: digit, count: 40), subject: "s", time: WallTime(microseconds: 0))
    }
    var bindings = ReleaseBindings(
      name: "app", repository: "/srv/a b", gitDirectory: "/srv/a b/.git", release: commit("1"), wasVerified: true,
      before: ReleaseBefore(commit: commit("2"), branch: "main"), mayStash: true, build: .shell("make it"),
      deploy: .shell("up"), environment: [:], buildTimeout: .seconds(1), deployTimeout: .seconds(1), keep: 2,
      services: [], health: [])
    func payments() throws -> [String] {
      let plan = Plan(
        procedure: "rollback", target: Target(kind: .deployment, identity: "h", name: "app"), environment: .staging,
        bindings: try JSONValue(encoding: bindings),
        steps: [
          PlannedStep(id: "stash", uses: "release.stash", kind: .compensable, retry: .once),
          PlannedStep(
            id: "deploy", uses: "release.deploy", kind: .compensable, retry: .once,
            obligation: "another release is deployed"),
        ])
      var machine = RunMachine(plan: plan)
      func apply(_ event: RunEvent) throws { try machine.apply(event, at: WallTime(microseconds: 0)) }
      try apply(.started(confirmedBy: "x"))
      let snapshots: [JSONValue] = [
        try JSONValue(encoding: StashSnapshot(stash: "abc", trees: [])), ["wasHealthy": true],
      ]
      for (id, snapshot) in zip(["stash", "deploy"], snapshots) {
        try apply(.step(id: id, event: .guarded(skip: nil)))
        try apply(.step(id: id, event: .intended(attempt: 1, snapshot: snapshot, isRepair: false)))
        if id == "stash" { try apply(.step(id: id, event: .succeeded(evidence: .null))) }
      }
      return Debt.open(in: machine).flatMap(\.payments)
    }
    #expect(
      try payments() == ["(cd '/srv/a b' && git checkout main && git stash apply --index abc && make it && up)"])
    bindings.releases = "/srv/releases"
    bindings.before?.link = "222222222222"
    #expect(
      try payments() == [
        "ln -sfn 222222222222 /srv/releases/current", "(cd /srv/releases/222222222222 && up)",
      ])
  }

  @Test("every debt that a step can make can be paid by hand", arguments: StepLibrary.templates.map(\.signature))
  func known(_ signature: StepSignature) {
    guard signature.isObligation else { return }
    #expect(["services.stop", "database.fence", "database.drop-live", "release.deploy"].contains(signature.uses))
  }
}
