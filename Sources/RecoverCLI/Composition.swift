internal import HostKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverPolicy
internal import RecoverSteps

/// Where the parts are put together: the only file that constructs drivers.
struct Composition {
  let stateDirectory: String
  let identity: RunnerIdentity

  init(_ global: GlobalOptions) throws {
    stateDirectory = try global.resolvedState()
    identity = try Self.currentIdentity()
  }

  /// The store, made where there is none yet.
  func makeStore() throws -> SQLiteStore { try SQLiteStore(directory: stateDirectory) }

  /// The store, or nil where there is none: reading makes nothing.
  func existingStore() throws -> SQLiteStore? { try SQLiteStore(existingIn: stateDirectory) }

  /// Who this process is.
  private static func currentIdentity() throws -> RunnerIdentity {
    let process = try ProcessIdentity.current()
    return RunnerIdentity(
      host: ProcessEnvironment.hostName, bootID: process.bootID, pid: process.pid, startTime: process.startTime,
      user: ProcessEnvironment.userName)
  }

  /// Whether a runner's process still exists, on this host and in this boot.
  static func isAlive(_ runner: RunnerIdentity) -> Bool {
    ProcessIdentity(pid: runner.pid, startTime: runner.startTime, bootID: runner.bootID).isAlive
  }

  /// What steps are given beside their plan.
  func drivers(password: Secret? = nil) -> StepDrivers {
    StepDrivers(databasePassword: password, host: identity.host, compose: ComposeLocator())
  }

  /// The same, with only the password taken from a URL.
  func drivers(databaseURL: String?) throws -> StepDrivers {
    drivers(password: try databaseURL.flatMap { try DatabaseAddress($0).password })
  }

  /// The policy and the procedures, checked.
  func policies(_ global: GlobalOptions) throws -> PolicySet {
    let loader = PolicyLoader(
      directory: global.policyDirectory, currentDirectory: ProcessEnvironment.currentDirectory)
    let set = try loader.load()
    try set.lint(known: StepLibrary.templates.map(\.signature)).throwIfAny()
    return set
  }

  /// A runner that performs a plan with real drivers.
  func runner(
    for plan: Plan, in store: SQLiteStore, drivers: StepDrivers, observer: any RunObserver = SilentObserver(),
    control: RunControl = RunControl()
  ) throws -> Runner {
    let crashPoints =
      try ProcessEnvironment.value("RECOVER_CRASH_AT").map {
        let known = CrashPointNames.all(of: plan, inside: StepLibrary.crashPoints(inside:))
        return try CrashPoints($0, environment: plan.environment, known: known)
      } ?? CrashPoints()
    let base = stateDirectory
    return Runner(
      ports: RunnerPorts(
        store: store, catalog: StepLibrary(drivers: drivers), clock: SystemClock(),
        fence: HostFence(drivers: drivers), locker: StepTargetLocker(drivers: drivers), observer: observer,
        identity: identity, isAlive: Self.isAlive, directory: { "\(base)/runs/\($0.text)" },
        leaseTiming: try leaseTiming(), crashPoints: crashPoints),
      control: control)
  }

  /// `RECOVER_LEASE_SECONDS` shortens the lease for drills of takeovers.
  private func leaseTiming() throws -> LeaseTiming {
    guard let text = ProcessEnvironment.value("RECOVER_LEASE_SECONDS") else { return .standard }
    guard let seconds = Int(text), (1...3600).contains(seconds) else {
      throw RecoverError(.usage, "RECOVER_LEASE_SECONDS is not a number from 1 to 3600: \(text)")
    }
    return LeaseTiming(duration: .seconds(seconds))
  }

  /// The directory for logs and spooled files of a run.
  func directory(of run: RunID) -> String { "\(stateDirectory)/runs/\(run.text)" }
}

extension Composition {
  /// Whether a living process holds a run.
  func isHeld(_ run: RunID, _ leases: [Lease]) -> Bool {
    leases.contains {
      $0.run == run && $0.isLive(now: .now, bootID: identity.bootID, isAlive: Self.isAlive)
    }
  }

  /// Whether a run is in the middle of its work with nobody working on it.
  func isInterrupted(_ state: RunState, run: RunID, _ leases: [Lease]) -> Bool {
    guard state.isActive, !isHeld(run, leases) else { return false }
    if case .waiting = state { return false }
    return true
  }

  /// The name of a run's state as people see it: `interrupted` where its runner is dead.
  func state(of run: RunSummary, _ leases: [Lease]) -> String {
    let isWorking =
      !run.isTerminal && !["planned", "paused", "waiting"].contains(run.state)
      && !run.state.hasPrefix("needs-operator")
    guard isWorking, !isHeld(run.run, leases) else { return run.state }
    return "interrupted (\(run.state))"
  }
}

/// An observer that tells nobody.
struct SilentObserver: RunObserver {
  func recorded(_ record: JournalRecord, _ event: RunEvent, machine: RunMachine) {}
  func progressed(step: String, _ progress: Progress) {}
}
