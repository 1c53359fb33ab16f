internal import Glibc
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// Performs runs whose steps do nothing, on the real journal, clock and disk, and prints what the engine costs a step.
///
/// `EngineBench DIRECTORY STEPS RUNS`: prints the median of the runs in milliseconds a step, and the number of records
/// that one run appended. Benchmarks/engine.py calls it.

/// A step that does nothing.
struct IdleStep: Step {
  let isInterruptible = false
  func guardReason(_ context: StepContext) async throws -> String? { nil }
  func probe(_ context: StepContext) async throws -> ProbeResult { .notDone }
  func observe(_ context: StepContext) async throws -> JSONValue { .null }
  func perform(_ context: StepContext) async throws -> JSONValue { .null }
  func verify(_ context: StepContext, evidence: JSONValue) async throws -> Verdict { .holds }
  func probeUndo(_ context: StepContext) async throws -> UndoProbeResult { .absent }
  func undo(_ context: StepContext) async throws -> JSONValue { .null }
}

/// Steps without drivers, a target that nobody shares, and nobody who watches.
struct Idle: StepCatalog, Fence, TargetLocker, HeldTargetLock, RunObserver {
  func step(for planned: PlannedStep, of plan: Plan) throws -> any Step { IdleStep() }
  func endPredecessor(
    _ owner: RunnerIdentity?, children: [JSONValue], run: RunID, plan: Plan, epoch: Int64
  ) async throws {}
  func lock(_ plan: Plan, run: RunID, epoch: Int64) async throws -> any HeldTargetLock { self }
  func isHeld() async -> Bool { true }
  func release() async {}
  func recorded(_ record: JournalRecord, _ event: RunEvent, machine: RunMachine) {}
  func progressed(step: String, _ progress: Progress) {}
}

func plan(steps: Int, target: Int) -> Plan {
  let planned = (0..<steps).map { number in
    PlannedStep(
      id: "s\(number)", uses: "idle", kind: .compensable,
      retry: RetryPolicy(attempts: 1, backoff: .zero, maxBackoff: .zero, jitter: false), timeout: nil, deadline: nil,
      onExhausted: .fail, resources: [], obligation: nil, approval: nil, dischargedBy: [])
  }
  return Plan(
    procedure: "idle", target: Target(kind: .custom, identity: "\(target)", name: "idle"), environment: .development,
    bindings: .null, steps: planned)
}

/// The seconds of one run, and the number of its records.
func measure(_ store: SQLiteStore, number: Int, steps: Int) async throws -> (seconds: Double, records: Int) {
  let run = RunID(seconds: Int64(number), random: 0)
  try await store.create(run, plan: plan(steps: steps, target: number), at: RecordTimes(wall: .now, monotonic: .now))
  let ports = RunnerPorts(
    store: store, catalog: Idle(), clock: SystemClock(), fence: Idle(), locker: Idle(), observer: Idle(),
    identity: RunnerIdentity(host: "here", bootID: "boot", pid: getpid(), startTime: 1, user: "bench"),
    isAlive: { _ in false }, directory: { _ in "/" }, leaseTiming: .standard, crashPoints: CrashPoints())
  let start = Moment.now
  let machine = try await Runner(ports: ports, control: RunControl()).perform(run, .start(confirmedBy: "bench"))
  let seconds = (Moment.now - start).seconds
  guard machine.state == .succeeded else { throw RecoverError(.bug, "the idle run is \(machine.state.name)") }
  return (seconds, try await store.records(of: run).count)
}

let arguments = CommandLine.arguments.dropFirst()
guard arguments.count == 3, let directory = arguments.first, let steps = Int(arguments[2]), steps > 0,
  let runs = Int(arguments[3]), runs > 0
else {
  print("usage: EngineBench DIRECTORY STEPS RUNS")
  exit(2)
}
let store = try SQLiteStore(directory: directory)
var results: [(seconds: Double, records: Int)] = []
for number in 1...runs { results.append(try await measure(store, number: number, steps: steps)) }
let median = results.map(\.seconds).sorted()[runs / 2]
print("\(median * 1000 / Double(steps)) \(results[0].records)")
