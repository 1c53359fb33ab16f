internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverSteps

/// What a restore of files keeps beside what it replaced, and what `recover cleanup` does with it.
struct KeptFiles {
  let entry: RetainedTrees.Entry
  let verdict: CleanupVerdict

  /// Those in the directories of the policy's trees, of the runs whose journal is here, and in one that is named.
  ///
  /// - Parameter verdict: what becomes of one.
  static func all(
    named: String?, _ policy: Policy, _ runs: [RunSummary], _ store: (any RunStore)?,
    verdict: (RetainedTrees.Entry) -> CleanupVerdict
  ) async throws -> [KeptFiles] {
    var homes = Set(named.map { [$0] } ?? [])
    if named == nil {
      for tree in policy.trees.values { homes.formUnion([tree.path, parent(of: tree.path)]) }
      for run in runs where run.target.kind == .tree {
        // A journal that can't be read is the business of whoever shows that run.
        guard let store, let history = try? await History(of: run.run, in: store) else { continue }
        if let home = history.machine.plan.bindings["home"]?.string { homes.insert(home) }
      }
    }
    let places = Set(homes.map { RetainedTrees(home: $0).home }).sorted()
    return try await BlockingThread.run("recover-cleanup") { _ in places.flatMap { RetainedTrees(home: $0).list() } }
      .map { KeptFiles(entry: $0, verdict: verdict($0)) }
  }

  private static func parent(of path: String) -> String {
    "/" + path.split(separator: "/").dropLast().joined(separator: "/")
  }

  /// Removes it with all that is in it.
  func remove() async throws {
    let entry = entry
    try await BlockingThread.run("recover-cleanup") { try RetainedTrees.remove(entry, $0) }
  }

  var cells: [String] {
    [
      "\(entry.note.role.rawValue) files", entry.path, "-", entry.note.retainUntil?.description ?? verdict.endOfCopy,
      entry.note.run, verdict.text,
    ]
  }

  var row: [String: JSONValue] {
    var row: [String: JSONValue] = [
      "kind": "files", "directory": .string(entry.path), "target": .string(entry.note.target),
      "role": .string(entry.note.role.rawValue), "run": .string(entry.note.run), "verdict": .string(verdict.rawValue),
    ]
    if let until = entry.note.retainUntil { row["kept-until"] = .string(until.description) }
    return row
  }
}
