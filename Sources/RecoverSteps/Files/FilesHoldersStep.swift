internal import Glibc
internal import HostKit
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `files.holders`: whether anybody still has something of what is replaced in their hands, now that the services are
/// stopped.
///
/// A process that is about to end is waited for, by trying again.
struct FilesHoldersStep: Step {
  let drivers: StepDrivers

  func perform(_ context: StepContext) async throws -> JSONValue {
    let work = try FilesWork(context, drivers)
    let report = try context.evidence(of: "files.inspect", as: FilesReport.self)
    return try await BlockingThread.run("recover-holders") { _ in
      let holders = try FilesHolders(report.entries.filter { $0.live != nil }.map(\.name), work)
      try holders.refuse()
      return ["holders": .integer(Int64(holders.count)), "hidden": .integer(Int64(holders.hiddenCount))]
    }
  }
}

/// Who holds what is replaced: processes and mounts that would keep the old files after the exchange.
struct FilesHolders {
  private let holders: TreeHolders
  private let work: FilesWork

  var count: Int { holders.count }
  /// Processes that only root may look at.
  var hiddenCount: Int { holders.hiddenCount }

  init(_ names: [String], _ work: FilesWork) throws {
    self.work = work
    let home = work.bindings.home == "/" ? "" : work.bindings.home
    holders = try TreeHolders(of: names.map { "\(home)/\($0)" }, except: getpid())
  }

  /// For people; nil where there are none.
  var text: String? {
    guard holders.count > 0 else { return nil }
    let more = holders.count - Self.shown
    return holders.found.prefix(Self.shown).map(\.description).joined(separator: "; ")
      + (more > 0 ? "; and \(more) more" : "")
  }

  private static let shown = 10

  /// Refuses while there are any, unless that was allowed.
  ///
  /// - Throws: ``RecoverError`` `busy`.
  func refuse() throws {
    guard let text, work.bindings.allowsHolders != true else { return }
    throw RecoverError(
      .busy,
      "\(work.bindings.target) is in use, and whoever holds what is replaced would go on with the old files: \(text)",
      hint: "let them leave it or end them (a shell: cd elsewhere), or name a service that is to be stopped in the "
        + "policy's tree; --allow-holders leaves them the old files")
  }

  /// What the plan says of them before anything has stopped.
  ///
  /// - Throws: ``RecoverError`` `busy` where nothing stops that could be one of them.
  func notes() throws -> [String] {
    var notes: [String] = []
    if let text {
      if work.bindings.allowsHolders == true {
        notes.append("these hold what is replaced, and go on with the OLD files (--allow-holders): \(text)")
      } else {
        if work.bindings.services.isEmpty { try refuse() }
        let names = work.bindings.services.map(\.name).joined(separator: ", ")
        notes.append(
          "these hold what is replaced now: \(text). Once \(names) stopped, it is looked again: whoever is left then makes "
            + "the run end without a change")
      }
    }
    if holders.hiddenCount > 0 {
      notes.append("processes that we may not look at, and that may hold it: \(holders.hiddenCount)")
    }
    return notes
  }
}
