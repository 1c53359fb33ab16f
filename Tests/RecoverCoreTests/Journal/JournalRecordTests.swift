internal import RecoverBase
internal import RecoverCore
internal import RecoverTestSupport
internal import Testing

@Suite("journal records")
struct JournalRecordTests {
  private static let run = RunID(seconds: 1, random: 2)

  /// A chain of records with epochs that grow now and then.
  private static func chain(_ count: Int, _ generator: inout SeededGenerator) throws -> [JournalRecord] {
    var records: [JournalRecord] = []
    var epoch: Int64 = 0
    for _ in 0..<count {
      if generator.chance(1, of: 3) { epoch += 1 }
      records.append(
        try JournalRecord(
          run: run, after: records.last?.link, epoch: epoch, wallTime: generator.time(),
          monotonicTime: Moment(nanoseconds: Int64(generator.int(0...1000))), event: generator.event()))
    }
    return records
  }

  @Test("a record keeps its place, and its hash covers every field")
  func fields() throws {
    var generator = SeededGenerator(seed: 1)
    let record = try Self.chain(2, &generator)[1]
    #expect(record.sequence == 2)
    #expect(record.hash == record.computedHash)
    #expect(record.hash.count == 32)
    let changes: [(inout JournalRecord) -> Void] = [
      { $0.run = RunID(seconds: 1, random: 3) }, { $0.sequence += 1 }, { $0.epoch += 1 },
      { $0.wallTime = WallTime(microseconds: $0.wallTime.microseconds + 1) },
      { $0.monotonicTime = Moment(nanoseconds: $0.monotonicTime.nanoseconds + 1) }, { $0.kind += "x" },
      { $0.payload.append(32) }, { $0.previousHash[31] ^= 1 },
    ]
    for change in changes {
      var changed = record
      change(&changed)
      #expect(changed.computedHash != record.hash)
    }
  }

  @Test("fields can't be shifted into each other: kind and payload are told apart")
  func framing() {
    func record(_ kind: String, _ payload: String) -> JournalRecord {
      JournalRecord(
        run: Self.run, sequence: 1, epoch: 0, wallTime: Plans.time(0), monotonicTime: Moment(nanoseconds: 0),
        kind: kind, payload: Array(payload.utf8), previousHash: [UInt8](repeating: 0, count: 32), hash: [])
    }
    #expect(record("ab", "c").computedHash != record("a", "bc").computedHash)
  }

  @Test("the hash is the one that docs/journal-format.md describes")
  func knownHash() {
    let record = JournalRecord(
      run: Self.run, sequence: 1, epoch: 2, wallTime: WallTime(microseconds: 3),
      monotonicTime: Moment(nanoseconds: 4), kind: "k", payload: Array("{}".utf8),
      previousHash: [UInt8](repeating: 0, count: 32), hash: [])
    // Length-prefixed fields, integers as eight big-endian bytes.
    var message: [UInt8] = []
    func add(_ number: UInt8) { message += [0, 0, 0, 0, 0, 0, 0, number] }
    add(32)
    message += [UInt8](repeating: 0, count: 32)
    add(12)
    message += Array(Self.run.text.utf8)
    for number in [1, 2, 3, 4] as [UInt8] { add(number) }
    add(1)
    message += Array("k".utf8)
    add(2)
    message += Array("{}".utf8)
    #expect(record.computedHash == Digest(of: message).bytes)
  }

  @Test("any change, gap or swap in a chain is found, and a chain cut short is whole")
  func chains() throws {
    try Property.check { generator in
      let records = try Self.chain(generator.int(2...5), &generator)
      try JournalRecord.checkChain(records)
      try JournalRecord.checkChain(Array(records.prefix(generator.int(0...records.count))))
      var damaged = records
      let index = generator.int(0...records.count - 1)
      switch generator.int(0...6) {
      case 0: damaged[index].payload = generator.bytes(4)
      case 1: damaged[index].hash[generator.int(0...31)] ^= 1
      case 2: damaged[index].epoch += 1
      case 3: damaged[index].wallTime = damaged[index].wallTime + .microseconds(1)
      case 4: damaged.remove(at: generator.int(0...records.count - 2))
      case 5: damaged.swapAt(0, records.count - 1)
      default: damaged.insert(damaged[index], at: index)
      }
      do { try JournalRecord.checkChain(damaged) } catch let error as RecoverError {
        return try Property.require(error.code == .journal, "code \(error.code)")
      }
      try Property.require(false, "the damage was not found")
    }
  }

  @Test("a record whose hash was made anew breaks the link of the next, and an epoch that falls is found")
  func forgery() throws {
    var generator = SeededGenerator(seed: 3)
    var records = try Self.chain(3, &generator)
    records[1].payload = Array("{}".utf8)
    records[1].hash = records[1].computedHash
    #expect(throws: RecoverError.self) { try JournalRecord.checkChain(records) }

    let first = try JournalRecord(
      run: Self.run, after: nil, epoch: 2, wallTime: Plans.time(0), monotonicTime: Moment(nanoseconds: 0),
      event: .completed)
    let second = try JournalRecord(
      run: Self.run, after: first.link, epoch: 1, wallTime: Plans.time(0), monotonicTime: Moment(nanoseconds: 0),
      event: .finished)
    #expect(throws: RecoverError.self) { try JournalRecord.checkChain([first, second]) }
  }

  @Test("every event survives being written and read")
  func roundTrips() throws {
    try Property.check { generator in
      let plan = generator.plan()
      let event = generator.chance(1, of: 10) ? .planned(plan: plan, hash: try plan.hash()) : generator.event()
      let record = try JournalRecord(
        run: Self.run, after: nil, epoch: 0, wallTime: generator.time(), monotonicTime: Moment(nanoseconds: 0),
        event: event)
      let read = try record.event()
      try Property.require(record.kind == read.kind, "\(record.kind) became \(read.kind)")
      // A null that is optional is nothing; all else comes back as it was.
      let again = try JSONValue.canonicalBytes(of: read)
      let text = String(decoding: again, as: UTF8.self)
      try Property.require(
        again == record.payload || String(decoding: record.payload, as: UTF8.self).contains("\"snapshot\":null"),
        "\(String(decoding: record.payload, as: UTF8.self)) became \(text)")
      try Property.require(try JSONValue.decode(RunEvent.self, from: again) == read, "\(text) does not settle")
    }
  }

  @Test("damaged bytes are refused with a journal error or read as another event, and never stop the process")
  func damagedPayloads() throws {
    try Property.check { generator in
      var record = try JournalRecord(
        run: Self.run, after: nil, epoch: 0, wallTime: Plans.time(0), monotonicTime: Moment(nanoseconds: 0),
        event: generator.event())
      for _ in 0..<generator.int(1...4) where !record.payload.isEmpty {
        let index = generator.int(0...record.payload.count - 1)
        switch generator.int(0...2) {
        case 0: record.payload[index] = UInt8(truncatingIfNeeded: generator.next())
        case 1: record.payload.remove(at: index)
        default: record.payload.insert(contentsOf: generator.bytes(2), at: index)
        }
      }
      do {
        let event = try record.event()
        var machine = RunMachine(plan: RunMachineTableTests.plan)
        try machine.apply(event, at: record.wallTime)
      } catch let error as RecoverError {
        try Property.require(error.code == .journal, "code \(error.code)")
      }
    }
  }

  @Test("a payload that is nested as deep as you like is read or refused", arguments: [100, 500, 100_000])
  func nesting(depth: Int) throws {
    for (opening, closing) in [("[", "]"), ("{\"a\":", "}")] {
      let value = String(repeating: opening, count: depth) + "1" + String(repeating: closing, count: depth)
      let record = JournalRecord(
        run: Self.run, sequence: 1, epoch: 0, wallTime: Plans.time(0), monotonicTime: Moment(nanoseconds: 0),
        kind: "checkpoint", payload: Array(#"{"checkpoint":{"step":"a","name":"n","value":\#(value)}}"#.utf8),
        previousHash: [UInt8](repeating: 0, count: 32), hash: [])
      do { #expect(try record.event().kind == "checkpoint") } catch let error as RecoverError {
        #expect(error.code == .journal)
        #expect(depth > 500)
      }
    }
  }
}
