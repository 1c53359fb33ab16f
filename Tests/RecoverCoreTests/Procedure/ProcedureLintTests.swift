import RecoverBase
import RecoverCore
import Testing

@Suite("Procedure lint")
struct ProcedureLintTests {
  static let known = ProcedureLint.table([
    StepSignature(uses: "look", kind: .readonly),
    StepSignature(uses: "stop", kind: .compensable, isObligation: true, dischargedBy: ["start"]),
    StepSignature(uses: "fence", kind: .compensable, isObligation: true),
    StepSignature(uses: "start", kind: .compensable),
    StepSignature(uses: "accept", kind: .pivot),
    StepSignature(uses: "retire", kind: .forward),
    StepSignature(uses: "clean", kind: .finalizer),
    StepSignature(uses: "wait-for-approval", kind: .readonly),
    StepSignature(
      uses: "shell", kind: .compensable,
      parameters: [.init("run", .command, required: true), .init("undo", .command), .init("limit", .duration)]),
  ])

  /// The findings for a procedure of steps that are named like their definitions.
  static func messages(_ uses: String...) -> [String] { messages(uses.map { ProcedureStep(id: $0, uses: $0) }) }

  static func messages(_ steps: [ProcedureStep]) -> [String] {
    ProcedureLint.check(Procedure(name: "p", steps: steps), known: known).entries.map(\.message)
  }

  @Test("a procedure in order passes")
  func clean() {
    #expect(Self.messages("look", "wait-for-approval", "stop", "start", "accept", "retire", "clean") == [])
  }

  @Test("a procedure without steps is refused")
  func empty() {
    #expect(Self.messages([]) == ["procedure `p` has no steps"])
  }

  @Test("an unknown step is refused at its `uses`, with the nearest name")
  func unknownStep() {
    let places = StepPlaces(
      step: Place(file: "p.yaml", line: 3, column: 5), uses: Place(file: "p.yaml", line: 3, column: 21))
    let step = ProcedureStep(id: "one", uses: "shel", places: places)
    let found = ProcedureLint.check(Procedure(name: "p", steps: [step]), known: Self.known)
    #expect(
      found.entries == [
        PolicyDiagnostic(
          place: places.uses, message: "step `one` uses `shel`, and there is no such step",
          hint: "did you mean `shell`?")
      ])
  }

  @Test("unknown, missing and mistyped parameters are each refused at their place")
  func parameters() {
    let key = Place(file: "p.yaml", line: 4, column: 9)
    let step = ProcedureStep(
      id: "one", uses: "shell", with: ["rnu": "true", "limit": 30],
      places: StepPlaces(step: Place(file: "p.yaml", line: 3, column: 5), parameters: ["rnu": key]))
    let found = ProcedureLint.check(Procedure(name: "p", steps: [step]), known: Self.known).entries
    #expect(
      found.map { "\($0)" } == [
        "p.yaml:3:5: parameter `limit` of `shell` must be a duration such as `500ms`, `90s`, `1h30m` or `7d`",
        "p.yaml:3:5: step `one` lacks the parameter `run`",
        "p.yaml:4:9: `shell` has no parameter `rnu`",
      ])
    #expect(found.map(\.hint)[2] == "did you mean `run`?")
  }

  @Test("a repeated id is refused, and says where the first one is")
  func repeatedID() {
    let first = StepPlaces(id: Place(file: "p.yaml", line: 2, column: 5))
    let second = StepPlaces(id: Place(file: "p.yaml", line: 9, column: 5))
    let steps = [
      ProcedureStep(id: "a", uses: "look", places: first), ProcedureStep(id: "a", uses: "look", places: second),
    ]
    let found = ProcedureLint.check(Procedure(name: "p", steps: steps), known: Self.known).entries
    #expect(found.map { "\($0)" } == ["p.yaml:9:5: a second step has the id `a`"])
    #expect(found.first?.hint == "the first one is at line 2")
  }

  @Test("a second pivot is refused")
  func pivots() {
    let steps = ["one", "two", "three"].map { ProcedureStep(id: $0, uses: "accept") }
    #expect(
      Self.messages(steps) == [
        "step `two` is a second point of no return after step `one`; a procedure has at most one",
        "step `three` is a second point of no return after step `one`; a procedure has at most one",
      ])
  }

  @Test("a forward step without a pivot before it is refused")
  func forward() {
    #expect(
      Self.messages("retire", "accept") == [
        "step `retire` is never undone, and no point of no return comes before it"
      ])
  }

  @Test("waiting for a person while a debt is open is refused")
  func openDebt() {
    let message = "step `wait-for-approval` waits for a person while `stop` and `fence` are still owed"
    #expect(Self.messages("stop", "fence", "wait-for-approval") == [message])
    #expect(Self.messages("stop", "start", "wait-for-approval") == [])
    #expect(Self.messages("wait-for-approval", "stop", "start") == [])
    #expect(
      Self.messages("fence", "start", "wait-for-approval") == [
        "step `wait-for-approval` waits for a person while `fence` is still owed"
      ])
  }

  @Test(
    "a parameter's type accepts what it names and nothing else",
    arguments: [
      (ParameterType.text, "a", 1), (.choice(["a", "b"]), "b", "c"), (.integer, 3, "3"), (.boolean, true, "true"),
      (.duration, "1h", "1"), (.size, "1 GB", -1), (.command, ["ls"], []), (.textList, ["a"], [1]),
      (.textMap, ["a": "b"], ["a": 1]), (.command, "ls", ""),
    ] as [(ParameterType, JSONValue, JSONValue)])
  func types(_ type: ParameterType, _ good: JSONValue, _ bad: JSONValue) {
    #expect(type.accepts(good))
    #expect(!type.accepts(bad))
  }
}
