import RecoverBase
import RecoverCore
import Testing

@Suite("Stored form of policies")
struct PolicyCodingTests {
  @Test("a service, a health check and a hook keep their kind")
  func kinds() throws {
    let service = ServicePolicy(control: .compose(.init(files: ["/c.yml"], service: "app")))
    let health = HealthPolicy(probe: .postgres(.init(database: "app")), passes: 3)
    let hook = HookPolicy(name: "flush", action: .shell(.init(run: .arguments(["a", "b"]), undo: .shell("c"))))
    #expect(try JSONValue(encoding: service).decoded(as: ServicePolicy.self) == service)
    #expect(try JSONValue(encoding: health).decoded(as: HealthPolicy.self) == health)
    #expect(try JSONValue(encoding: hook).decoded(as: HookPolicy.self) == hook)
    #expect(
      try JSONValue(encoding: hook)
        == ["name": "flush", "shell": ["a", "b"], "undo": "c", "timeout": "5m"])
  }

  @Test("a duration of any length survives JSON numbers")
  func durations() throws {
    var policy = DatabasePolicy(url: "postgres://h/d")
    policy.keepPrevious = .seconds(10) + .nanoseconds(1)
    #expect(try JSONValue(encoding: policy).decoded(as: DatabasePolicy.self) == policy)
  }

  @Test("a procedure keeps everything but where it was written")
  func procedure() throws {
    let step = ProcedureStep(
      id: "a", uses: "shell", with: ["run": "true"], retry: .once, timeout: .seconds(1), deadline: .seconds(60),
      onExhausted: .pause, places: StepPlaces(step: Place(file: "f", line: 1, column: 1)))
    var expected = Procedure(name: "p", summary: "s", steps: [step])
    let read = try JSONValue(encoding: expected).decoded(as: Procedure.self)
    expected.steps[0].places = StepPlaces()
    #expect(read == expected)
  }

  @Test("an empty command is no command")
  func emptyCommand() {
    #expect(throws: DecodingError.self) { try JSONValue.array([]).decoded(as: Invocation.self) }
    #expect(Invocation.shell("a b").argumentVector == ["/bin/sh", "-c", "a b"])
  }

  @Test("faults are allowed only where a policy says staging or development", arguments: Environment.allCases)
  func faults(_ environment: Environment) {
    #expect(environment.allowsFaultInjection == [.staging, .development].contains(environment))
    #expect(environment.needsTypedConfirmation == (environment == .production))
  }
}
