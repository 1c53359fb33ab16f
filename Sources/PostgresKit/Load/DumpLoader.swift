package import RecoverBase

/// What is done with a statement that is not run as it is written.
enum StatementEdit: Sendable, Hashable {
  /// It was run before, in another place.
  case passOver
  case replace(SQLText)
}

/// Loads a plain dump into a database, serially, in file order, and exactly: every statement and every row once, after
/// any number of deaths of this process or of the server.
///
/// Each transaction of the load writes its place in the dump into a ledger inside the database, so a later call goes
/// on behind the last commit. The result is that of `psql -f` with ON_ERROR_STOP, but for the statements that
/// ``LoadRules`` and ``Tolerance`` name.
package enum DumpLoader {
  /// Loads, or goes on loading.
  ///
  /// - Parameters:
  ///   - interruption: ends the load at the next row's end or statement, with what is done committed.
  ///   - open: gives the uncompressed dump from a byte on; called again where a part is read twice.
  /// - Returns: what was loaded; the database carries the breadcrumb then, and everything is on its disk.
  /// - Throws: ``RecoverError``: `backupRefused` for what must not be loaded, `stepFailed` and others with file,
  ///   line, byte and the server's error, `interrupted`, `connectionLost`, `busy`. After any of them the load can be
  ///   called again.
  package static func load<Source: ByteSource & ~Copyable>(
    _ request: LoadRequest, hooks: LoadHooks = LoadHooks(), interruption: Interruption,
    open: @escaping (Int64) throws -> Source
  ) throws -> LoadOutcome {
    let session = try LoadSession(request, interruption: interruption)
    return try finish(request, hooks: hooks, interruption: interruption, session, open: open)
  }

  /// Loads, in the order of the dump, everything that is not loaded yet.
  static func finish<Source: ByteSource & ~Copyable>(
    _ request: LoadRequest, hooks: LoadHooks, interruption: Interruption, _ session: LoadSession,
    outcome: LoadOutcome = LoadOutcome(), edits: [Int64: StatementEdit] = [:], open: @escaping (Int64) throws -> Source
  ) throws -> LoadOutcome {
    var run = try LoadRun(request, hooks: hooks, interruption: interruption, session: session, edits: edits, open: open)
    run.outcome.passedOver = outcome.passedOver
    run.outcome.tolerated = outcome.tolerated
    run.outcome.order = outcome.order
    run.outcome.rows = outcome.rows
    return try run.runToFinish()
  }

  static func reader<Source: ByteSource & ~Copyable>(
    _ request: LoadRequest, at state: DumpReaderState, _ open: (Int64) throws -> Source
  ) throws -> DumpReader<Source> {
    DumpReader(try open(state.offset), named: request.dumpName, from: state, limits: request.limits)
  }
}

/// One life of a load, or of a part of it: reads piece after piece, and decides how each is run.
struct LoadRun<Source: ByteSource & ~Copyable>: ~Copyable {
  let request: LoadRequest
  let hooks: LoadHooks
  let interruption: Interruption
  let session: LoadSession
  var reader: DumpReader<Source>
  let open: (Int64) throws -> Source
  /// Where the part ends that is run here, at the beginning of a statement; nil is the end of the dump.
  let endOffset: Int64?
  /// What is not run as it is written, by where it begins.
  let edits: [Int64: StatementEdit]
  var outcome = LoadOutcome()
  /// The piece that is looked at, and where it begins.
  var piece = DumpPiece(kind: .space, offset: 0, byteCount: 0, line: 1)
  var before = DumpReaderState.start
  var mode = Mode.statements
  /// Where statements run one by one, since one of them failed among others.
  var careful: Range<Int64>?
  /// The statements that can't run in a transaction, by offset.
  var aloneOffsets: Set<Int64> = []
  /// The COPY that must not be cut into several, by offset.
  var wholeCopyOffsets: Set<Int64> = []
  /// The transactions of the dump that can't be taken into ours, by offset.
  var ownTransactionOffsets: Set<Int64> = []
  /// Whether the part that is to be loaded was reached, in this life or an earlier one.
  private var wasSelected: Bool
  private var connected: Set<String> = []
  private var nextReport = Moment(nanoseconds: 0)
  /// Where the last statement begins that was announced because it may take long.
  private var announcedOffset: Int64?

  enum Mode {
    case statements
    /// A BEGIN was read, and what follows decides whose transaction it will be.
    case begun(DumpPiece, DumpReaderState, SQLText)
    /// In the dump's own transaction.
    case transaction
    /// In a transaction of the dump for large objects, which is made part of ours; nil inside of one object, in a part
    /// of such a transaction.
    case largeObjects(beginOffset: Int64?)
    /// In the data of a COPY.
    case copy(CopyProgress)
    /// In the data of a COPY that is not loaded.
    case passedCopy
  }

  struct CopyProgress {
    let copy: DumpCopy
    /// Whether it may be ended and begun again between rows; nil until somebody asked the server.
    var mayCut: Bool?
    /// The mode before it.
    let isInTransaction: Bool
  }

  /// What was sent of a COPY since its part began.
  struct SentRows {
    let start: DumpReaderState
    var count: Int64 = 0
  }
  var sentRows: SentRows?

  /// A part of the dump has to be read and run again, in another way.
  struct Rerun: Error {}

  /// A run from where the session stands.
  init(
    _ request: LoadRequest, hooks: LoadHooks, interruption: Interruption, session: LoadSession,
    to endOffset: Int64? = nil, edits: [Int64: StatementEdit] = [:], open: @escaping (Int64) throws -> Source
  ) throws {
    self.request = request
    self.hooks = hooks
    self.interruption = interruption
    self.session = session
    self.endOffset = endOffset
    self.edits = edits
    self.open = open
    reader = try DumpLoader.reader(request, at: session.committed.reader, open)
    outcome.isResumed = session.isResumed
    let start = session.committed.reader
    wasSelected =
      start != .start && (start.database == request.rules.database || !session.rows.isEmpty) || session.record != .load
  }

  /// Runs to the end of the dump, and ends the load.
  mutating func runToFinish() throws -> LoadOutcome {
    try run()
    outcome.rows.merge(session.rows, uniquingKeysWith: +)
    outcome.bytes = reader.state.offset
    try hooks.beforeFinish(outcome)
    try session.finish()
    return outcome
  }

  /// Runs to the end of its part; all of it is committed then.
  mutating func run() throws {
    while true {
      do {
        try enterCopyIfInside()
        try readToEnd()
        break
      } catch is Rerun {
        try rewind()
      }
    }
    if let database = request.rules.database, !wasSelected, endOffset == nil {
      throw RecoverError(
        .backupRefused, "\(request.dumpName): holds no database \(database)",
        hint: "it connects to: \(connected.sorted().joined(separator: ", "))")
    }
  }

  /// Goes back to the last commit.
  private mutating func rewind() throws {
    try session.restore()
    reader = try DumpLoader.reader(request, at: session.committed.reader, open)
    mode = .statements
    sentRows = nil
  }

  private mutating func readToEnd() throws {
    while true {
      before = reader.state
      if let endOffset, before.offset >= endOffset { break }
      guard let piece = try reader.next() else { break }
      self.piece = piece
      try judged { run in
        try run.run(piece)
        try run.commitIfDue()
      }
      try stopIfAsked()
      report()
    }
    switch mode {
    case .statements: try judged { run in try run.commit(at: run.reader.state, evenIfEmpty: run.isShortOfEnd) }
    case .largeObjects(_?) where isShortOfEnd:
      // The part ends between two objects of a long transaction.
      mode = .statements
      try judged { run in try run.commit(at: run.reader.state, evenIfEmpty: true) }
    case .begun, .transaction, .largeObjects:
      throw refusal("the dump ends inside of a transaction", hint: "it was cut off; use a whole backup")
    case .copy, .passedCopy: throw refusal("the dump ends inside of COPY data")
    }
  }

  /// Whether the ledger does not say yet that the part is over.
  private var isShortOfEnd: Bool { endOffset.map { session.committed.reader.offset < $0 } ?? false }

  /// Runs a part of the load; an error becomes what ``judge(_:)`` makes of it.
  private mutating func judged(_ body: (inout LoadRun) throws -> Void) throws {
    do {
      try body(&self)
    } catch let error as RecoverError {
      let verdict = try judge(error)
      if !(verdict is Passed) { throw verdict }
    }
  }

  private mutating func run(_ piece: DumpPiece) throws {
    switch piece.kind {
    case .space: break
    case .metaCommand(let command): try run(command)
    case .unfinished: throw refusal("the dump ends in the middle of something", hint: "use a whole backup")
    case .statement: if isSelected { try runStatement() } else if reader.state.copy != nil { mode = .passedCopy }
    case .copyData(let rows, let endsAtRow): try copyData(rows: rows, endsAtRow: endsAtRow)
    case .copyEnd: try copyEnd()
    }
  }

  /// Whether the reader is in the part of the dump that is loaded.
  private var isSelected: Bool {
    guard let database = request.rules.database else { return true }
    return before.database == database
  }

  private mutating func run(_ command: DumpMetaCommand) throws {
    switch command {
    case .restrict, .unrestrict: break
    case .encoding(let name):
      guard isSelected else { return }
      let statement = SQLText(Array("SET client_encoding = \(Quoting.literal(name));".utf8))
      try session.change(.set("client_encoding"), statement, at: piece.offset)
    case .connect(let database):
      if let name = reader.state.database {
        connected.insert(name)
        wasSelected = wasSelected || name == request.rules.database
      }
      if request.rules.database == nil, let database, let first = before.database, first != database {
        throw refusal(
          "a second database, \(database), begins here",
          hint: "choose the one to load by its name in the dump")
      }
      try commit(at: before)
      try session.reconnect(at: reader.state)
    }
  }
}

// MARK: Commits

extension LoadRun where Source: ~Copyable {
  /// Commits what is open, and tells the hook.
  mutating func commit(
    at state: DumpReaderState, isPending: Bool = false, goingOn: Bool = false, evenIfEmpty: Bool = false
  ) throws {
    let wasCommitted = try session.commit(
      at: state, isPending: isPending, goingOn: goingOn, evenIfEmpty: evenIfEmpty)
    guard wasCommitted else { return }
    try hooks.afterCommit(session.committed.sequence)
  }

  /// Commits between statements once the transaction is large or old enough.
  mutating func commitIfDue() throws {
    guard case .statements = mode, session.batch.isDue(at: reader.state.offset, request) else { return }
    try commit(at: reader.state)
  }

  /// Ends the load in good order once the interruption is raised: what is whole gets committed.
  private mutating func stopIfAsked() throws {
    guard interruption.isRaised else { return }
    switch mode {
    case .statements: try commit(at: reader.state)
    case .copy(let progress):
      if case .copyData(_, endsAtRow: true) = piece.kind, progress.mayCut != false {
        // A part that can't stand alone is not committed; it is sent again when the load goes on.
        let isWhole = (try? endCopyPart(progress.copy)) != nil
        if isWhole, try progress.mayCut ?? session.mayCut(progress.copy.table) { try commit(at: reader.state) }
      }
    case .begun, .transaction, .largeObjects, .passedCopy: break
    }
    let committed = session.committed.reader
    let line = request.places.original(line: committed.line, offset: committed.offset).line
    throw RecoverError(
      .interrupted, "stopped loading \(request.dumpName); everything before line \(line) is committed",
      hint: "resume the run, and it goes on from there")
  }

  private mutating func report() {
    let now = Moment.now
    guard now >= nextReport else { return }
    nextReport = now + .milliseconds(100)
    report(isStatement: announcedOffset == piece.offset)
  }

  /// Says what is about to run, since nothing more can be said until it is over.
  mutating func announce() {
    announcedOffset = piece.offset
    report(isStatement: true)
  }

  private func report(isStatement: Bool) {
    hooks.progress(
      LoadProgress(
        offsetBytes: reader.state.offset, consumedBytes: reader.source.consumedBytes,
        rows: session.rowCount, activity: activity, isStatement: isStatement))
  }

  /// What is being done, for people.
  var activity: String {
    switch mode {
    case .copy(let progress):
      let table = progress.copy.table
      return "COPY \(request.staging?.names.original(table) ?? table)"
    case .passedCopy: return "passing over another database"
    case .statements, .begun, .transaction, .largeObjects:
      guard case .statement = piece.kind else { return "" }
      return title
    }
  }
}
