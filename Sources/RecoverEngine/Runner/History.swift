package import RecoverBase
package import RecoverCore

/// A run as its journal tells it.
package struct History: Sendable {
  package var run: RunID
  package var machine: RunMachine
  package var records: [JournalRecord]
  package var events: [RunEvent]

  /// Reads, checks and folds a run's journal.
  ///
  /// - Throws: ``RecoverError`` `usage` for a run that is not there, `journal` for one that is damaged.
  package init(of run: RunID, in store: any RunStore) async throws {
    try self.init(run: run, records: try await store.records(of: run))
  }

  /// Folds records that were already checked.
  package init(run: RunID, records: [JournalRecord]) throws {
    self.run = run
    self.records = records
    let events = try records.map { try $0.event() }
    self.events = events
    machine = try RunMachine(replaying: zip(events, records).map { (event: $0, time: $1.wallTime) })
  }

  /// The same run with what was appended since; nothing is decoded anew when that is nothing.
  func refreshed(from store: any RunStore) async throws -> History {
    let records = try await store.records(of: run)
    return records.count == self.records.count ? self : try History(run: run, records: records)
  }

  /// What was journaled about the run's children.
  package var children: [JSONValue] {
    events.compactMap { if case .childStarted(_, let child) = $0 { child } else { nil } }
  }
}
