internal import Glibc
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverSteps

/// Sees to it that what came by standard input is kept for as long as a run may read it, and no longer.
struct SpoolKeeper {
  private let composition: Composition
  private let spool: BackupSpool

  init(_ composition: Composition) {
    self.composition = composition
    spool = BackupSpool(directory: "\(composition.stateDirectory)/spool")
  }

  /// Spools standard input, and removes it again after `body`, unless that left an open run behind.
  func withStandardInput<Value>(_ body: (BackupReference) async throws -> Value) async throws -> Value {
    try await withSpooled({ try $0.spool($1) }, body)
  }

  /// Puts several files together as one, and removes that again after `body`, unless that left an open run behind.
  func withParts<Value>(
    _ paths: [String], _ body: (BackupReference) async throws -> Value
  ) async throws -> Value {
    try await withSpooled({ try $0.join(paths, $1) }, body)
  }

  private func withSpooled<Value>(
    _ make: @escaping @Sendable (BackupSpool, Interruption) throws -> (BackupReference, SpoolHold),
    _ body: (BackupReference) async throws -> Value
  ) async throws -> Value {
    let state = composition.stateDirectory
    let isNew = unsafe access(state, F_OK) != 0
    defer {
      // Only when it is empty: a run makes a journal.
      if isNew { _ = unsafe rmdir(state) }
    }
    let spool = spool
    let (reference, hold) = try await BlockingThread.run("recover-spool") { try make(spool, $0) }
    let result: Result<Value, any Error>
    do {
      result = .success(try await body(reference))
    } catch {
      result = .failure(error)
    }
    hold.release()
    await sweep(reference.path)
    return try result.get()
  }

  /// Removes the backup of a plan whose run has ended.
  func sweep(_ plan: Plan) async {
    guard let path = Self.backupPath(plan) else { return }
    await sweep(path)
  }

  /// Removes a spooled file that no open run needs; what can't be removed now is left to `recover cleanup`.
  private func sweep(_ path: String) async {
    guard path.hasPrefix("\(spool.directory)/"), let needed = try? await needed(), !needed.contains(path) else {
      return
    }
    _ = spool.remove(path)
  }

  /// What is in the spool and no open run needs.
  func leftovers() async throws -> [BackupSpool.Entry] {
    let entries = spool.entries()
    guard !entries.isEmpty else { return [] }
    let needed = try await needed()
    return entries.filter { !needed.contains($0.path) }
  }

  /// Removes one of them.
  ///
  /// - Returns: whether it is gone.
  func remove(_ entry: BackupSpool.Entry) -> Bool { spool.remove(entry.path) }

  /// The backups of open runs.
  private func needed() async throws -> Set<String> {
    guard let store = try composition.existingStore() else { return [] }
    var paths: Set<String> = []
    for run in try await store.runs(of: nil) where !run.isTerminal {
      if let path = Self.backupPath(try await History(of: run.run, in: store).machine.plan) { paths.insert(path) }
    }
    return paths
  }

  private static func backupPath(_ plan: Plan) -> String? { plan.bindings["backup"]?["path"]?.string }
}
