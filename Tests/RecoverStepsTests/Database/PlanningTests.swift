internal import HostKit
internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverTestSupport
internal import Testing

@testable internal import RecoverSteps

@Suite("planning a database recovery")
struct PlanningTests {
  private static let uses = [
    "database.inspect", "database.create-beside", "services.stop", "database.fence", "database.load",
    "database.verify", "database.swap", "services.start", "run.accept",
  ]
  private static let procedure = Procedure(
    name: "db", steps: uses.map { ProcedureStep(id: String($0.split(separator: ".")[1]), uses: $0) })

  @Test(
    "what stops and closes things stands where the way to serve wants it",
    arguments: [
      (ServeMode.none, ["inspect", "create-beside", "stop", "fence", "load", "verify", "swap", "start", "accept"]),
      (.readOnly, ["inspect", "create-beside", "fence", "load", "verify", "stop", "swap", "start", "accept"]),
      (.all, ["inspect", "create-beside", "load", "verify", "stop", "fence", "swap", "start", "accept"]),
    ] as [(ServeMode, [String])])
  func order(serve: ServeMode, ids: [String]) {
    #expect(ServeOrder.arrange(Self.procedure, for: serve).steps.map(\.id) == ids)
  }

  @Test("a procedure without a swap is left as it is", arguments: ServeMode.allCases)
  func withoutSwap(serve: ServeMode) {
    var procedure = Self.procedure
    procedure.steps.removeAll { $0.uses == "database.swap" }
    #expect(ServeOrder.arrange(procedure, for: serve).steps == procedure.steps)
  }

  @Test("a database is found by URL, by name, or as the only one of the policy")
  func addresses() throws {
    let app = DatabasePolicy(url: "postgres://joe@db1/app")
    let policy = Policy(environment: .development, databases: ["main": app])
    #expect(try DatabaseAddress.resolve(nil, in: policy).name == "app")
    #expect(try DatabaseAddress.resolve("main", in: policy).name == "app")
    let url = try DatabaseAddress.resolve("postgres://joe:canary@db2/other", in: policy)
    #expect(url.name == "other")
    #expect(url.password?.reveal() == "canary")
    #expect(!url.policy.url.contains("canary"))
  }

  @Test(
    "a database that nobody can find is a usage error with a hint",
    arguments: [nil, "mian", "postgres://joe@db1", "mysql://db1/x", "postgres://db1/x?foo=1"])
  func missing(name: String?) throws {
    let app = DatabasePolicy(url: "postgres://joe@db1/app")
    let policy = Policy(environment: .development, databases: name == nil ? ["main": app, "b": app] : ["main": app])
    let error = #expect(throws: RecoverError.self) { try DatabaseAddress.resolve(name, in: policy) }
    #expect(error?.code.exitStatus == .usage)
    #expect(error?.hint != nil, "\(String(describing: error))")
  }

  private static func work(_ bindings: DatabaseBindings) throws -> DatabaseWork {
    let step = Plans.step("load")
    var plan = Plans.plan([step])
    plan.bindings = try JSONValue(encoding: bindings)
    let run = try #require(RunID("01ng87qpmkpe"))
    let context = StepContext(
      run: run, epoch: 3, plan: plan, step: step, attempt: 0, snapshot: nil, evidence: nil, outputs: [:],
      snapshots: [:], checkpoints: [:], directory: "/nowhere", reporter: NoReporter())
    return try DatabaseWork(context, StepDrivers(databasePassword: nil, host: "db1", compose: ComposeLocator()))
  }

  @Test("a run's databases are named after the live one and the run, and enter by those names")
  func names() throws {
    let work = try Self.work(Bindings.database())
    #expect(work.name(of: .side) == "app_recover_01ng87qpmkpe")
    #expect(work.enteringName == "app_recover_01ng87qpmkpe")
    let undo = try Self.work(Bindings.database(undoes: "01ng00000000"))
    #expect(undo.enteringName == "app_previous_01ng00000000")
  }

  @Test("breadcrumbs say which run, where, of what, and how to undo it")
  func breadcrumbs() throws {
    let work = try Self.work(Bindings.database())
    let side = work.breadcrumb(.side, state: .loading)
    #expect(side.run == "01ng87qpmkpe" && side.host == "db1" && side.target == "app" && side.liveOID == 16_384)
    #expect(side.undo == "recover cleanup")
    #expect(work.breadcrumb(.previous).undo == "recover undo 01ng87qpmkpe")
    #expect(work.breadcrumb(.previous, run: "other").undo == "recover undo other")
    #expect(side.retainUntil == nil)
    #expect(work.breadcrumb(.failed, retainFor: .seconds(5)).retainUntil != nil)
  }

  private struct NoReporter: StepReporter {
    func checkpoint(_ name: String, _ value: JSONValue) async throws {}
    func childStarted(_ child: JSONValue) async throws {}
    func progress(_ progress: Progress) {}
    func reach(_ point: String) {}
  }
}
