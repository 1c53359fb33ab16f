package import RecoverBase

/// What a loader knows of where things stand in a dump.
package enum LoadPlaces: Sendable {
  case known(DumpIndex)
  /// Why the dump has to be read from its front.
  case unknown(String)
}

extension DumpLoader {
  /// Loads, or goes on loading, over several connections where the request and the dump allow it.
  ///
  /// What is loaded is the same as by ``load(_:hooks:interruption:open:)``, after any number of deaths; only the order
  /// on disk differs. A dump that is not in the order of pg_dump, or whose rows depend on their order, is loaded in its
  /// own order, and ``LoadOutcome/order`` says why. See docs/decisions/0009-parallel-loader.md.
  ///
  /// - Parameters:
  ///   - places: where everything in the dump is.
  ///   - open: as there, from several threads at the same time.
  package static func load<Source: ByteSource & ~Copyable & SendableMetatype>(
    _ request: LoadRequest, index places: LoadPlaces, hooks: LoadHooks = LoadHooks(), interruption: Interruption,
    open: @escaping @Sendable (Int64) throws -> Source
  ) throws -> LoadOutcome {
    let session = try LoadSession(request, interruption: interruption)
    var outcome = LoadOutcome()
    do {
      if request.tuning.jobs > 1 || session.hasTasks {
        let (index, layout) = try places.layout(request.tuning, rules: request.rules)
        var load = ParallelLoad(
          request: request, hooks: hooks, interruption: interruption, session: session, index: index, open: open,
          layout: layout)
        return try load.run()
      }
    } catch let refusal as LoadLayout.Refusal {
      // What its tasks have loaded stands nowhere in the order of the dump.
      guard !session.hasTasks else {
        throw RecoverError(
          .stepFailed, "the load of \(request.dumpName) was begun over several connections, and \(refusal.reason)",
          hint: "it can't go on: drop the half-loaded database and begin anew")
      }
      outcome.order = .serial(reason: refusal.notableReason)
    }
    return try finish(
      request, hooks: hooks, interruption: interruption, session, outcome: outcome, open: { try open($0) })
  }

  /// Why a dump would be loaded in its own order, as far as the dump alone tells; nil where nothing speaks against it.
  package static func serialReason(_ places: LoadPlaces, _ tuning: LoadTuning, rules: LoadRules) -> String? {
    do {
      _ = try places.layout(tuning, rules: rules)
      return nil
    } catch {
      return (error as? LoadLayout.Refusal)?.notableReason
    }
  }
}

extension LoadPlaces {
  /// - Throws: ``LoadLayout/Refusal``.
  fileprivate func layout(_ tuning: LoadTuning, rules: LoadRules) throws -> (DumpIndex, LoadLayout) {
    switch self {
    case .unknown(let reason): throw LoadLayout.Refusal(reason: reason)
    case .known(let index):
      let layout = try LoadLayout(index, rules: rules)
      let data = ByteCount(layout.dataBytes)
      if let least = tuning.leastData, data < least {
        throw LoadLayout.Refusal(reason: "it has \(data) of rows", isChoice: true)
      }
      return (index, layout)
    }
  }
}

/// The stages of a parallel load; each goes on where an earlier life stopped, and the ledger knows where that was.
struct ParallelLoad<Source: ByteSource & ~Copyable & SendableMetatype> {
  let request: LoadRequest
  let hooks: LoadHooks
  let interruption: Interruption
  let session: LoadSession
  let index: DumpIndex
  let open: @Sendable (Int64) throws -> Source
  let layout: LoadLayout
  private var outcome = LoadOutcome()
  /// Transactions of tasks that were recorded.
  private var taskCommits: Int64 = 0

  init(
    request: LoadRequest, hooks: LoadHooks, interruption: Interruption, session: LoadSession, index: DumpIndex,
    open: @escaping @Sendable (Int64) throws -> Source, layout: LoadLayout
  ) {
    self.request = request
    self.hooks = hooks
    self.interruption = interruption
    self.session = session
    self.index = index
    self.open = open
    self.layout = layout
  }

  private var sizes: TaskGraph.Sizes {
    TaskGraph.Sizes(
      partBytes: Int64(max(request.partBytes, index.chunkBytes)), smallBytes: Int64(request.smallBytes))
  }

  mutating func run() throws -> LoadOutcome {
    let graph: TaskGraph
    do {
      graph = try prepare()
    } catch let refusal as LoadLayout.Refusal {
      outcome.order = .serial(reason: refusal.reason)
      return try finish([:])
    }
    let record = try TaskLedger.read(&session.connection)
    try check(record)
    taskCommits = record.transactions
    outcome.order = .parallel(jobs: request.tuning.jobs)
    if session.committed.reader.offset < layout.after.reader.offset { try build(graph, record) }
    try finishSchema(graph)
    outcome.rows = try TaskLedger.read(&session.connection).rows
    try hooks.atStage(.rest)
    return try finish(graph.edits)
  }

  private func finish(_ edits: [Int64: StatementEdit]) throws -> LoadOutcome {
    try DumpLoader.finish(
      request, hooks: leadHooks(), interruption: interruption, session, outcome: outcome, edits: edits, open: opener())
  }

  /// Loads the schema, and makes tasks of the rest.
  ///
  /// - Throws: ``LoadLayout/Refusal`` before anything was loaded in another order than the dump's.
  private mutating func prepare() throws -> TaskGraph {
    try loadSchema()
    let catalog = try askCatalog()
    if !session.hasTasks {
      if let obstacle = TaskGraph.obstacle(layout, catalog) { throw LoadLayout.Refusal(reason: obstacle) }
      try session.beginTasks(TaskGraph.rules(sizes, index))
      try tell()
    }
    return TaskGraph(layout, catalog, sizes: sizes)
  }

  /// Hooks for what the lead does itself: commits of tasks count too.
  private func leadHooks() -> LoadHooks {
    var hooks = self.hooks
    let (told, others) = (self.hooks.afterCommit, taskCommits)
    hooks.afterCommit = { try told($0 + others) }
    return hooks
  }

  private func opener() -> (Int64) throws -> Source {
    let open = open
    return { try open($0) }
  }

  private func tell() throws { try hooks.afterCommit(session.committed.sequence + taskCommits) }

  // MARK: Stages

  private mutating func loadSchema() throws {
    guard session.committed.reader.offset < layout.start.reader.offset else {
      guard session.hasTasks || session.committed.reader.offset == layout.start.reader.offset else {
        throw LoadLayout.Refusal(reason: "it was begun in its own order")
      }
      return
    }
    try hooks.atStage(.schema)
    try runSerially(to: layout.start.reader.offset, edits: [:])
  }

  private mutating func runSerially(to endOffset: Int64, edits: [Int64: StatementEdit]) throws {
    var run = try LoadRun(
      request, hooks: leadHooks(), interruption: interruption, session: session, to: endOffset, edits: edits,
      open: opener())
    try run.run()
    outcome.passedOver += run.outcome.passedOver
    outcome.tolerated += run.outcome.tolerated
  }

  /// What the catalog says of the tables; names that can't be asked for leave the dump to its own order.
  private func askCatalog() throws -> TableCatalog {
    do {
      return try TableCatalog(layout, session)
    } catch let error as RecoverError {
      // Untranslatable characters of a name, for one.
      guard !session.hasTasks, error.sqlState?.class == "22", !session.connection.isLost else { throw error }
      try session.restore()
      throw LoadLayout.Refusal(reason: "the server can't be asked for its tables: \(error.message)")
    }
  }

  /// Refuses to go on by other rules than the load was begun by.
  private func check(_ record: TaskLedger.Record) throws {
    guard let layout = record.layout, layout != TaskGraph.rules(sizes, index) else { return }
    throw RecoverError(
      .drifted, "the load of \(request.dumpName) was begun by another version of recover (\(layout))",
      hint: "go on with that version, or drop the half-loaded database and begin anew")
  }

  private mutating func build(_ graph: TaskGraph, _ record: TaskLedger.Record) throws {
    try hooks.atStage(.build)
    try perform(graph.build, record)
    try session.jump(to: layout.after.reader, layout.after.session)
    try tell()
  }

  private mutating func perform(_ tasks: [LoadTask], _ record: TaskLedger.Record) throws {
    var tasks = tasks
    for index in tasks.indices {
      guard case .part(_, let end, let passedOver) = tasks[index].work, let begun = record.begun[tasks[index].offset]
      else { continue }
      tasks[index].work = .part(begun, endOffset: end, passedOver: passedOver)
    }
    let team = LoadTeam(
      request: request, hooks: hooks, interruption: interruption, open: open,
      leadPid: session.connection.backendPid, offsetBytes: session.committed.reader.offset,
      rows: session.rowCount + record.rows.values.reduce(0, +))
    let (hooks, sequence) = (hooks, session.committed.sequence)
    var commits = taskCommits
    let end = try team.perform(TaskSchedule(tasks, done: record.done)) {
      commits += 1
      try hooks.afterCommit(sequence + commits)
    }
    taskCommits = commits
    outcome.passedOver += end.passedOver
    outcome.tolerated += end.tolerated
  }

  /// Everything up to the last foreign key, and the check of all of them.
  private mutating func finishSchema(_ graph: TaskGraph) throws {
    guard let end = layout.constraintsEndOffset, !graph.validations.isEmpty else { return }
    if session.committed.reader.offset < end {
      try hooks.atStage(.constraints)
      try runSerially(to: end, edits: graph.edits)
    }
    let record = try TaskLedger.read(&session.connection)
    guard graph.validations.contains(where: { !record.done.contains($0.offset) }) else { return }
    try hooks.atStage(.validate)
    try perform(graph.validations, record)
  }
}
