internal import RecoverBase

/// What is to be loaded, into which database, and how.
package struct LoadRequest: Sendable {
  /// The database that is loaded, which exists and is nobody else's.
  package var target: ConnectionSettings
  /// What errors call the dump: its file name.
  package var dumpName: String
  /// Where the lines of the dump stand in the file that people can look at, where it is a part of that.
  package var places = DumpPlaces()
  /// What the dump is, for a resumed load to refuse another one: a digest of the file.
  package var identity: String
  package var rules: LoadRules
  /// The comment that the database gets in the transaction that finishes the load; with ``staging`` it is the schema.
  package var breadcrumb: String
  /// A transaction is committed once it has taken in so many bytes of the dump, or after ``commitInterval``.
  package var commitBytes = 16 << 20
  /// How long a transaction stays open at most, but for the statement or row that is under way.
  package var commitInterval = Duration.seconds(1)
  package var limits = DumpReaderLimits()
  /// How many connections load, and with which settings.
  package var tuning = LoadTuning.serial
  /// A table whose data is larger is cut into parts of about this size, which load at the same time and are loaded
  /// again by themselves after a failure; never less than the chunks of the index.
  package var partBytes = 32 << 20
  /// A table with less data shares its transactions with others.
  package var smallBytes = 256 << 10
  /// Only some tables are loaded, beside the live ones of a database that others use; nil loads the whole dump into a
  /// database of its own.
  package var staging: StagingRules?

  package init(
    target: ConnectionSettings, dumpName: String, identity: String, rules: LoadRules = LoadRules(), breadcrumb: String
  ) {
    self.target = target
    self.dumpName = dumpName
    self.identity = identity
    self.rules = rules
    self.breadcrumb = breadcrumb
  }
}

/// Which statements of a dump are run.
///
/// Whatever the rules, statements about the database itself (CREATE, ALTER, COMMENT ON, GRANT ON DATABASE, ALTER ROLE
/// IN DATABASE) are passed over and reported: the swap decides about them. What reaches beyond the database (roles,
/// tablespaces, the server's settings, its files and programs) is refused.
package struct LoadRules: Sendable, Hashable {
  /// Loads only what follows `\connect` to this database, for a dump of pg_dumpall; nil loads the whole dump, which
  /// must then hold one database.
  package var database: String?

  package init(database: String? = nil) { self.database = database }
}

/// How far a load is.
package struct LoadProgress: Sendable, Hashable {
  /// How many bytes of the uncompressed dump are behind.
  package var offsetBytes: Int64
  /// How many bytes of the file were read.
  package var consumedBytes: Int64
  /// How many rows were sent, those of earlier lives included.
  package var rows: Int64
  /// What is being done: `COPY public.orders`, `CREATE INDEX`.
  package var activity: String
  /// Whether the server is busy with a statement that may take long, while no byte is read.
  package var isStatement: Bool
}

/// What the caller hears while a load runs; each closure is called on the thread that called the loader.
package struct LoadHooks {
  /// Called at most every 100 ms.
  package var progress: (LoadProgress) -> Void = { _ in }
  /// Called after each commit with how many there were; what it throws ends the load there.
  package var afterCommit: (Int64) throws -> Void = { _ in }
  /// Called, after ``afterCommit``, where a stage of a parallel load begins.
  package var atStage: (LoadStage) throws -> Void = { _ in }
  /// Called when all is loaded and the ledger is still there; what it throws leaves the load unfinished.
  package var beforeFinish: (LoadOutcome) throws -> Void = { _ in }

  package init() {}
}

/// The stages of a parallel load, in their order.
package enum LoadStage: String, Sendable, Hashable, Codable, CaseIterable {
  /// Everything before the first row, in the order of the dump.
  case schema
  /// Rows and indexes, over all connections.
  case build
  /// Everything up to the last foreign key, in the order of the dump.
  case constraints
  /// Foreign keys are checked, over all connections.
  case validate
  /// What is left, in the order of the dump.
  case rest
}

/// How a load was run.
package enum LoadOrder: Sendable, Hashable {
  /// In the order of the dump on one connection; why not on several, where several were asked for.
  case serial(reason: String?)
  /// Over so many connections.
  case parallel(jobs: Int)
}

/// What a load did, all its lives taken together but for `passedOver` and `tolerated`, which are this life's.
package struct LoadOutcome: Sendable {
  /// The rows that the server counted, by the table's name as the dump writes it.
  package var rows: [SQLName: Int64] = [:]
  /// Statements about the database itself that were not run.
  package var passedOver: [LoadRemark] = []
  /// Statements that failed in a way that is known to be harmless.
  package var tolerated: [LoadRemark] = []
  /// Whether an earlier life had begun the load.
  package var isResumed = false
  /// The size of the uncompressed dump.
  package var bytes: Int64 = 0
  package var order = LoadOrder.serial(reason: nil)
}

/// A statement of the dump that was treated in a special way.
package struct LoadRemark: Sendable, Hashable, Codable {
  /// The line on which it begins.
  package var line: Int64
  /// Its first words: `ALTER DATABASE`.
  package var statement: String
  package var reason: String
}
