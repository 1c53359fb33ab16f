internal import RecoverBase
internal import RecoverCore

/// One runner's hold on one run: its epoch, and the machine that its journal folds to.
///
/// The only place that appends. Journal first, then fold, then tell the observer.
actor RunSession {
  nonisolated let run: RunID
  nonisolated let epoch: Int64
  private(set) var machine: RunMachine
  /// What was journaled about children, by any epoch.
  private(set) var children: [JSONValue]
  private let store: any RunStore
  private let clock: any EngineClock
  private let observer: any RunObserver
  private let crashPoints: CrashPoints
  private let order = SerialLock()
  /// Why nothing can be appended any more; from the first failure on, no further effect may follow.
  private(set) var failure: (any Error)?

  init(
    run: RunID, epoch: Int64, machine: RunMachine, children: [JSONValue], store: any RunStore,
    clock: any EngineClock, observer: any RunObserver, crashPoints: CrashPoints
  ) {
    self.run = run
    self.epoch = epoch
    self.machine = machine
    self.children = children
    self.store = store
    self.clock = clock
    self.observer = observer
    self.crashPoints = crashPoints
  }

  /// Appends an event and folds it in; durable when it returns.
  ///
  /// - Throws: `journal` for an event that does not follow, before anything is written; what
  ///   ``RunStore/append(_:to:epoch:state:at:consuming:)`` throws, and the same again from then on.
  func record(_ event: RunEvent, consuming: [Int64] = []) async throws {
    await order.acquire()
    do {
      if let failure { throw failure }
      try await append(event, consuming: consuming)
      await order.release()
    } catch {
      // A step that is interrupted, or a full disk with a reserve, leaves the journal as it was.
      let isHarmless = error is CancellationError || (error as? RecoverError)?.code == .noSpace
      if failure == nil, !isHarmless { failure = error }
      await order.release()
      throw error
    }
  }

  private func append(_ event: RunEvent, consuming: [Int64]) async throws {
    // What is folded is what a replay will read: JSON has one null, and one form for 1 and 1.0 (I9).
    let event = try JSONValue.decode(RunEvent.self, from: JSONValue.canonicalBytes(of: event))
    var next = machine
    let times = RecordTimes(wall: clock.wallTime, monotonic: clock.moment)
    try next.apply(event, at: times.wall)
    let point = event.step.map { "\(event.kind).\($0)" } ?? event.kind
    crashPoints.reach("before-\(point)")
    let record = try await store.append(
      event, to: run, epoch: epoch, state: next.state, at: times, consuming: consuming)
    machine = next
    if case .childStarted(_, let child) = event { children.append(child) }
    crashPoints.reach(point)
    observer.recorded(record, event, machine: next)
  }
}
