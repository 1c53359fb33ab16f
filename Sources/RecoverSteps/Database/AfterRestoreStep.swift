internal import HostKit
internal import PostgresKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `hooks.after-restore`: the policy's own steps in the restored database, after the swap and before any traffic.
///
/// Each one that is done is a checkpoint, so that a resumed run goes on behind it; the one that was under way is run
/// again, which hooks have to stand.
struct AfterRestoreStep: Step {
  let drivers: StepDrivers
  /// Where the evidence of the undo names hooks whose effect can't be taken back.
  static let standingKey = "standing"

  var isInterruptible: Bool { true }

  func guardReason(_ context: StepContext) async throws -> String? {
    try context.bindings(DatabaseBindings.self).hooks.isEmpty ? "the policy has no after-restore hooks" : nil
  }

  func probe(_ context: StepContext) async throws -> ProbeResult {
    let hooks = try context.bindings(DatabaseBindings.self).hooks
    let left = hooks.filter { context.checkpoints[$0.name] == nil }
    if left.isEmpty { return .done(.null) }
    return context.attempt == 0
      ? .notDone : .partial("hooks that are left: \(left.map(\.name).joined(separator: ", "))")
  }

  func perform(_ context: StepContext) async throws -> JSONValue {
    let work = try DatabaseWork(context, drivers)
    for hook in work.bindings.hooks where context.checkpoints[hook.name] == nil {
      switch hook.action {
      case .sql(let sql): try await run(sql, of: hook, work)
      case .shell(let shell): try await run(shell, of: hook, context)
      }
      try await context.reporter.checkpoint(hook.name, true)
    }
    return try JSONValue(encoding: ["hooks": work.bindings.hooks.map(\.name)])
  }

  /// What SQL hooks did goes with the copy; shell hooks that can be taken back are.
  ///
  /// What the others did stands. That does not keep the database of before from coming back: the evidence names
  /// them, and the run is not called clean.
  func undo(_ context: StepContext) async throws -> JSONValue {
    var standing: [String] = []
    for hook in try begun(context).reversed() {
      guard case .shell(let shell) = hook.action else { continue }
      guard let undo = shell.undo else {
        standing.insert(hook.name, at: 0)
        continue
      }
      try await execute(undo, "the undo of hook \(hook.name)", timeout: hook.timeout, context)
    }
    return standing.isEmpty ? .null : try JSONValue(encoding: [Self.standingKey: standing])
  }

  /// The hooks that may have acted: those that are done, and the one that was next.
  private func begun(_ context: StepContext) throws -> ArraySlice<HookPolicy> {
    let hooks = try context.bindings(DatabaseBindings.self).hooks
    let next = hooks.firstIndex { context.checkpoints[$0.name] == nil } ?? hooks.endIndex
    return hooks[..<min(next + 1, hooks.endIndex)]
  }

  private func run(_ sql: String, of hook: HookPolicy, _ work: DatabaseWork) async throws {
    let (access, name) = (work.access, work.bindings.name)
    try await BlockingThread.run("recover-hook") { interruption in
      var connection = try access.connect(to: name, interruption)
      connection.deadline = .after(hook.timeout)
      try connection.transaction { try $0.execute(sql) }
    }
  }

  private func run(_ shell: HookPolicy.ShellAction, of hook: HookPolicy, _ context: StepContext) async throws {
    if let probe = shell.probe {
      let result = try await result(of: probe, kind: .probe, timeout: hook.timeout, context)
      if case .exited(0) = result.ending { return }
    }
    try await execute(shell.run, "hook \(hook.name)", timeout: hook.timeout, context)
  }

  private func execute(
    _ invocation: Invocation, _ what: String, timeout: Duration, _ context: StepContext
  ) async throws {
    try await result(of: invocation, kind: .run, timeout: timeout, context)
      .requireSuccess(what, logFile: context.logFile)
  }

  private func result(
    of invocation: Invocation, kind: ChildKind, timeout: Duration, _ context: StepContext
  ) async throws -> ChildResult {
    try context.makeDirectory()
    return try await ChildProcess.run(
      Command(invocation.argumentVector), kind: kind, in: ChildContext(context), deadline: .after(timeout))
  }
}
