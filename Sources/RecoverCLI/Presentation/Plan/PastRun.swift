internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// What one run of before took on this machine, step by step, as its journal tells.
struct PastRun: Sendable {
  /// The key of its target.
  var target: String
  /// How long each step took that was done at its first attempt, by what it uses.
  var took: [String: Duration]
  /// How much SQL it loaded in one go; nil where none was, or where the load was resumed.
  var loadedBytes: Int64?

  init(target: String, took: [String: Duration], loadedBytes: Int64? = nil) {
    self.target = target
    self.took = took
    self.loadedBytes = loadedBytes
  }

  init(_ history: some Sequence<(JournalRecord, RunEvent)>, machine: RunMachine) {
    target = machine.plan.target.key
    took = [:]
    let uses = Dictionary(machine.plan.steps.map { ($0.id, $0.uses) }, uniquingKeysWith: { first, _ in first })
    var attempts: [String: Int] = [:]
    var clock = StepClock()
    for (record, event) in history {
      let duration = clock.took(record, event)
      guard case .step(let id, let event) = event else { continue }
      if case .intended(let attempt, _, _) = event { attempts[id] = attempt }
      guard case .succeeded(let evidence) = event, attempts[id] == 1, let duration, let use = uses[id] else { continue }
      took[use] = duration
      if use == "database.load", evidence["resumed"]?.bool != true { loadedBytes = evidence["bytes"]?.integer }
    }
  }

  /// So many runs are looked at, the newest ones.
  private static let limit = 20

  /// The database runs of a state directory, newest first; none where it has no journal that can be read.
  static func newest(in store: (any RunStore)?) async -> [PastRun] {
    guard let store, let runs = try? await store.runs(of: nil) else { return [] }
    var past: [PastRun] = []
    for run in runs.reversed() where run.target.kind == .database && past.count < limit {
      // A journal that can't be read is the business of whoever shows that run.
      guard let history = try? await History(of: run.run, in: store) else { continue }
      past.append(PastRun(zip(history.records, history.events), machine: history.machine))
    }
    return past
  }
}
