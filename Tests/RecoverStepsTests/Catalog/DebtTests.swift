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

  @Test("every debt that a step can make can be paid by hand", arguments: StepLibrary.templates.map(\.signature))
  func known(_ signature: StepSignature) {
    guard signature.isObligation else { return }
    #expect(["services.stop", "database.fence", "database.drop-live", "release.deploy"].contains(signature.uses))
  }
}
