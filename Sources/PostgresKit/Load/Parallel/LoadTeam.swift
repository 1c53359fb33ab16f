internal import RecoverBase

/// What the lead of a parallel load and its workers share.
struct TeamState: Sendable {
  var schedule: TaskSchedule
  let workerCount: Int
  /// The first real error of any worker.
  var failure: RecoverError?
  /// No further task is started.
  var isStopping = false
  /// Workers that have not ended.
  var workers: Int
  /// What each worker is doing.
  var activities: [Int: Activity] = [:]
  /// Bytes and rows of the tasks that were done in this stage.
  var doneBytes: Int64 = 0
  var doneRows: Int64 = 0
  /// Transactions that were committed, and of which the lead has not told yet.
  var commits = 0
  var passedOver: [LoadRemark] = []
  var tolerated: [LoadRemark] = []
  private var attempts: [Int: Int] = [:]

  struct Activity: Sendable {
    var title: String
    var bytes: Int64 = 0
    var rows: Int64 = 0
    /// Whether the server works on one statement.
    var isStatement: Bool
    var weight: Int64
  }

  /// How often a task is done again that lost a lock to another session.
  private static let attemptLimit = 10

  init(_ schedule: TaskSchedule, workers: Int) {
    self.schedule = schedule
    workerCount = workers
    self.workers = workers
  }

  /// What a worker does next.
  enum Order {
    /// - Parameter helpers: how many processes may help.
    case work(Int, LoadTask, helpers: Int)
    case end
  }

  /// What the lead is told.
  struct News {
    var commits: Int
    var workers: Int
    var activities: [Int: Activity]
    var doneBytes: Int64
    var doneRows: Int64
  }

  mutating func takeNews() -> News {
    defer { commits = 0 }
    return News(
      commits: commits, workers: workers, activities: activities, doneBytes: doneBytes, doneRows: doneRows)
  }

  /// Gives a worker its next order; nil when it has to wait.
  mutating func next(_ worker: Int, maintenanceWorkers: Int) -> Order? {
    if isStopping || schedule.isDone { return .end }
    guard let index = schedule.start() else {
      guard schedule.runningCount == 0 else { return nil }
      fail(RecoverError(.bug, "tasks of the load wait for one another"))
      return .end
    }
    let task = schedule.tasks[index]
    var isStatement = false
    if case .statement = task.work { isStatement = true }
    activities[worker] = Activity(title: task.title, isStatement: isStatement, weight: task.byteCount)
    return .work(index, task, helpers: min(maintenanceWorkers, schedule.idleCount(of: workerCount)))
  }

  mutating func finish(_ index: Int, of worker: Int, rows: Int64) {
    schedule.finish(index)
    activities[worker] = nil
    if case .statement = schedule.tasks[index].work {} else { doneBytes += schedule.tasks[index].byteCount }
    doneRows += rows
  }

  /// Whether a failed task is to be done again: one that was the victim of a lock.
  mutating func retries(_ index: Int, of worker: Int, after error: RecoverError) -> Bool {
    let victims: Set<SQLState> = [.deadlockDetected, .lockNotAvailable, .serializationFailure]
    guard let state = error.sqlState, victims.contains(state), !isStopping else { return false }
    attempts[index, default: 0] += 1
    guard attempts[index, default: 0] < Self.attemptLimit else { return false }
    schedule.giveBack(index)
    activities[worker] = nil
    return true
  }

  mutating func fail(_ error: RecoverError) {
    // What an interruption ends is no failure of its own.
    if failure == nil || failure?.code == .interrupted && error.code != .interrupted { failure = error }
    isStopping = true
  }
}

/// The workers of one stage, and what the lead does meanwhile: it tells the caller what happens, on the caller's thread.
struct LoadTeam<Source: ByteSource & ~Copyable & SendableMetatype> {
  let request: LoadRequest
  let hooks: LoadHooks
  let interruption: Interruption
  let open: @Sendable (Int64) throws -> Source
  /// The backend of the lead.
  let leadPid: Int32
  let offsetBytes: Int64
  let rows: Int64

  /// Does every task; throws the first error once all workers have ended.
  ///
  /// - Parameter committed: called after each commit; what it throws ends the stage.
  func perform(_ schedule: TaskSchedule, committed: () throws -> Void) throws -> TeamState {
    guard !schedule.isDone else { return TeamState(schedule, workers: 0) }
    let count = request.tuning.jobs
    let team = Monitor(TeamState(schedule, workers: count))
    let (request, interruption, open, leadPid) = (request, interruption, open, leadPid)
    try BlockingThread.crew("recover-load", count: count) { number in
      do {
        let session = try LoadSession(worker: number + 1, of: leadPid, request, interruption: interruption)
        let worker = LoadWorker(
          number: number, request: request, interruption: interruption, session: session, team: team, open: open)
        try worker.run()
      } catch let error as RecoverError {
        team.change { $0.fail(error) }
      } catch {
        team.change { $0.fail(RecoverError(.stepFailed, "a worker of the load failed: \(error)", underlying: error)) }
      }
      team.change { $0.workers -= 1 }
    } lead: {
      do {
        try lead(team, committed)
      } catch {
        team.change { $0.isStopping = true }
        throw error
      }
    }
    let end = team.change { $0 }
    guard end.failure?.code == .interrupted || interruption.isRaised else {
      if let failure = end.failure { throw failure }
      return end
    }
    throw RecoverError(
      .interrupted, "stopped loading \(request.dumpName); what was finished is committed",
      hint: "resume the run, and it goes on from there")
  }

  private func lead(_ team: Monitor<TeamState>, _ committed: () throws -> Void) throws {
    while true {
      let news = team.wait(atMost: .milliseconds(100)) { state -> TeamState.News? in
        state.commits > 0 || state.workers == 0 ? state.takeNews() : nil
      }
      for _ in 0..<(news?.commits ?? 0) { try committed() }
      if news?.workers == 0 { return }
      report(news ?? team.change { $0.takeNews() })
    }
  }

  private func report(_ state: TeamState.News) {
    let working = state.activities.sorted { $0.key < $1.key }.map(\.value)
    // What takes longest says most.
    let main = working.max { $0.weight < $1.weight }
    let others = working.count - 1
    let offset = offsetBytes + state.doneBytes + working.reduce(0) { $0 + $1.bytes }
    hooks.progress(
      LoadProgress(
        offsetBytes: offset, consumedBytes: offset,
        rows: rows + state.doneRows + working.reduce(0) { $0 + $1.rows },
        activity: (main?.title ?? "") + (others > 0 ? " and \(others) more" : ""),
        isStatement: !working.isEmpty && working.allSatisfy(\.isStatement)))
  }
}
