internal import RecoverBase
internal import RecoverCore
internal import Synchronization

/// What a run of the simulated db procedure acts on: databases, a service, a cache, processes.
///
/// A value: a copy of it is what a crash at that moment would leave.
package struct SimulatedWorld: Sendable, Hashable {
  /// By name, as in a server.
  package var databases: [String: SimulatedDatabase]
  /// The application: it runs, and is connected to whatever database has the live name.
  package var isServiceRunning = true
  /// How often the application was started; each start writes a row to its database.
  package var startCount = 0
  /// What the application's cache was filled from.
  package var cache = "old"
  /// The run whose result was accepted, which is the pivot.
  package var acceptedBy: String?
  /// The runs whose end was announced, and whether that was written down to the last.
  package var announced: [String] = []
  package var isAnnouncementComplete = false
  /// The backup; nobody may change it.
  package let backup: [[String]]
  package var nextOID = 100
  /// How often the database server was restarted; every connection of before is broken.
  package var serverStarts = 0
  /// Processes that live: runners, and children of theirs with the epoch that started them.
  package var runners: Set<Int32> = []
  package var children: [SimulatedChild] = []
  package var nextPID: Int32 = 1000
  /// The pid that holds the lock on the target.
  package var lockHolder: Int32?
  /// Every effect, in order.
  package var effects: [SimulatedEffect] = []
  /// What goes wrong, by step and operation: `swap.perform`.
  package var faults: [String: SimulatedFault] = [:]
  /// The first rule that was broken at the moment of an effect.
  package var violation: String?

  package static let liveName = "app"
  package static let liveRows = ["alice", "bob", "carol"]

  /// The world before anything happened: a live database, its application, a backup in pieces.
  package init() {
    backup = [["dave", "erin"], ["frank"], ["grace", "heidi", "ivan"]]
    databases = [Self.liveName: SimulatedDatabase(oid: 1, rows: Self.liveRows)]
  }

  /// The database that the application sees.
  package var live: SimulatedDatabase? { databases[Self.liveName] }

  /// All rows of the backup.
  package var backupRows: [String] { backup.flatMap { $0 } }

  /// The name of a database by its OID.
  package func name(ofDatabase oid: Int) -> String? { databases.first { $0.value.oid == oid }?.key }
}

/// One database of the simulated server.
package struct SimulatedDatabase: Sendable, Hashable {
  package var oid: Int
  /// What was loaded into it.
  package var rows: [String] = []
  /// Which pieces of the backup are in it, in the same transaction as their rows.
  package var ledger: [Int] = []
  /// How many pieces would survive a restart of the server.
  package var flushedCount = 0
  /// What the application wrote.
  package var writes: [String] = []
  package var isOpen = true
  /// Whether the planner has statistics of it.
  package var isAnalyzed = false
  /// The breadcrumb.
  package var comment: String?
}

/// A process that a runner started to work for it.
package struct SimulatedChild: Sendable, Hashable {
  package var pid: Int32
  package var parent: Int32
  package var epoch: Int64
  /// Waits at its start gate: it dies with its parent and has done nothing.
  package var isGated: Bool
}

/// One atomic change of the world.
package struct SimulatedEffect: Sendable, Hashable {
  package enum Direction: String, Sendable, Hashable { case forward, undo }

  package var pid: Int32
  package var epoch: Int64
  package var step: String
  package var direction: Direction
  package var name: String
  /// How many records the run's journal held at that moment.
  package var recordCount: Int
}

// MARK: - What must hold at every moment

extension SimulatedWorld {
  /// The rule that the world breaks right now, if any; asked after every effect.
  package var brokenRule: String? {
    if isServiceRunning {
      guard let live else { return "I7: the application runs without a database" }
      guard isWhole(live) else { return "I7: the application runs on a partial database" }
      guard live.isOpen else { return "I7: the application runs on a closed database" }
    }
    guard databases.values.contains(where: { $0.oid == 1 && $0.rows == Self.liveRows }) else {
      return "I8: the database from before the run is gone or changed"
    }
    return nil
  }

  /// Whether a database has all the rows of what it came from.
  package func isWhole(_ database: SimulatedDatabase) -> Bool {
    database.oid == 1 ? database.rows == Self.liveRows : database.rows == backupRows
  }
}

// MARK: - What happens by itself

extension SimulatedWorld {
  /// Starts the application, which writes a row at once.
  package mutating func startService() {
    guard !isServiceRunning else { return }
    isServiceRunning = true
    startCount += 1
    databases[Self.liveName]?.writes.append("start \(startCount)")
  }

  /// Ends a runner as kill -9 does: children at their gate go with it, its lock is freed.
  package mutating func kill(runner pid: Int32) {
    runners.remove(pid)
    children.removeAll { $0.isGated && $0.parent == pid }
    if lockHolder == pid { lockHolder = nil }
  }

  /// Restarts the database server: what was committed but not flushed is gone.
  package mutating func restartServer() {
    serverStarts += 1
    for (name, var database) in databases where database.flushedCount < database.ledger.count {
      database.ledger = Array(database.ledger.prefix(database.flushedCount))
      database.rows = database.ledger.flatMap { backup[$0] }
      databases[name] = database
    }
  }
}
