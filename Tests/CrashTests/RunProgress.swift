internal import Glibc
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverTestSupport

/// How far a run had come when its runner died, by its journal.
struct RunProgress: CustomStringConvertible {
  /// Steps that are done, skipped, found in place or undone.
  private var endedSteps = 0
  /// The last commit of the load that was journaled.
  private var sequence: Int64 = 0

  /// Before anything.
  init() {}

  /// The progress of a lab's only run.
  init(in lab: RecoverLab) async throws {
    guard let store = try SQLiteStore(existingIn: "\(lab.directory)/state"),
      let run = try await store.runs(of: nil).last?.run
    else { return }
    let machine = try await History(of: run, in: store).machine
    endedSteps = machine.steps.count { $0.state.isSettled || $0.state == .undone }
    for step in machine.steps { sequence = max(sequence, step.checkpoints["ledger"]?["sequence"]?.integer ?? 0) }
  }

  func isPast(_ other: RunProgress) -> Bool { endedSteps > other.endedSteps || sequence > other.sequence }

  var description: String { "\(endedSteps) steps and commit \(sequence) of the load" }
}

/// The size of a dump.
enum BackupSize {
  static func bytes(_ path: String) throws -> Int {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { throw RecoverError.system(.unreachable, "can't look at \(path)") }
    return Int(status.st_size)
  }
}
