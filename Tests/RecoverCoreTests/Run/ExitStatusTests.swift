internal import RecoverBase
internal import RecoverCore
internal import RecoverTestSupport
internal import Testing

/// I14: the exit status is a function of the final state and its recorded cause.
@Suite("exit status")
struct ExitStatusTests {
  @Test("a state without a cause of its own has one exit status")
  func states() throws {
    let expected: [String: RecoverBase.ExitStatus] = [
      "planned": .interrupted, "running": .interrupted, "waiting": .waiting, "compensating": .interrupted,
      "finalizing(ok)": .interrupted, "finalizing(rolled-back)": .interrupted, "finalizing(failed)": .interrupted,
      "needs-operator(running)": .needsOperator, "needs-operator(compensating)": .needsOperator,
      "needs-operator(finalizing)": .needsOperator, "succeeded": .success, "rolled-back": .rolledBack,
      "abandoned": .needsOperator, "paused": .waiting,
    ]
    for (state, status) in expected {
      #expect(try RunMachineTableTests.machine(in: state).exitStatus == status, "\(state)")
    }
  }

  /// What a failure before any effect exits with; after one, it is always `rolledBack` once it is undone.
  private static let codes: [RecoverError.Code: RecoverBase.ExitStatus] = [
    .usage: .usage, .policyInvalid: .usage, .unreachable: .failedClean, .wrongTarget: .failedClean,
    .missingRequirement: .failedClean, .noSpace: .failedClean, .backupRefused: .refused, .checkFailed: .refused,
    .claimed: .claimed, .leaseLost: .claimed, .drifted: .drifted, .notConfirmed: .drifted,
    .journal: .needsOperator, .needsOperator: .needsOperator, .connectionLost: .failedClean, .timedOut: .failedClean,
    .busy: .failedClean, .stepFailed: .failedClean, .terminated: .terminated, .interrupted: .interrupted,
    .cancelled: .failedClean, .waiting: .waiting, .bug: .needsOperator,
  ]

  @Test("every code of a cause has its exit status before and after an effect", arguments: RecoverError.Code.allCases)
  func causes(code: RecoverError.Code) throws {
    let cause = Cause(code: code, message: "broken")
    var refused = RunMachine(plan: RunMachineTableTests.plan)
    try refused.apply(.refused(cause: cause), at: Plans.time(1))
    #expect(refused.exitStatus == Self.codes[code])

    var rolledBack = RunMachine(plan: RunMachineTableTests.plan)
    let events =
      RunMachineTableTests.acted + [.failing(cause: cause, pivotDisproved: false)] + RunMachineTableTests.undone
      + [.compensated] + RunMachineTableTests.done("tidy") + [.finished]
    for event in events { try rolledBack.apply(event, at: Plans.time(1)) }
    #expect(rolledBack.exitStatus == .rolledBack)

    var paused = RunMachine(plan: RunMachineTableTests.plan)
    for event in RunMachineTableTests.started + [.paused(cause: cause)] { try paused.apply(event, at: Plans.time(1)) }
    #expect(paused.exitStatus == (code == .interrupted ? .interrupted : code == .terminated ? .terminated : .waiting))
  }
}
