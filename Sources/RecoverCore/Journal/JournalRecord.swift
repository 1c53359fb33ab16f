package import RecoverBase

/// One line of a run's journal: an event, when and under which epoch it was appended, and its hash.
///
/// The hash of each record is part of the next one's. docs/journal-format.md describes the stored form.
package struct JournalRecord: Sendable, Hashable {
  package var run: RunID
  /// Counts the run's records from 1, without gaps.
  package var sequence: Int64
  /// The runner that appended it: epochs of a target only grow.
  package var epoch: Int64
  package var wallTime: WallTime
  package var monotonicTime: Moment
  package var kind: String
  /// The event's JSON, as the bytes that were hashed.
  package var payload: [UInt8]
  /// The hash of the record before; 32 zero bytes for the first.
  package var previousHash: [UInt8]
  package var hash: [UInt8]

  /// A stored record, not yet checked.
  package init(
    run: RunID, sequence: Int64, epoch: Int64, wallTime: WallTime, monotonicTime: Moment, kind: String,
    payload: [UInt8], previousHash: [UInt8], hash: [UInt8]
  ) {
    self.run = run
    self.sequence = sequence
    self.epoch = epoch
    self.wallTime = wallTime
    self.monotonicTime = monotonicTime
    self.kind = kind
    self.payload = payload
    self.previousHash = previousHash
    self.hash = hash
  }

  /// The record that follows `previous` (nil for the first), with its hash.
  package init(
    run: RunID, after previous: JournalLink?, epoch: Int64, wallTime: WallTime, monotonicTime: Moment,
    event: RunEvent
  ) throws {
    self.init(
      run: run, sequence: (previous?.sequence ?? 0) + 1, epoch: epoch, wallTime: wallTime,
      monotonicTime: monotonicTime, kind: event.kind, payload: try JSONValue.canonicalBytes(of: event),
      previousHash: previous?.hash ?? [UInt8](repeating: 0, count: 32), hash: [])
    hash = computedHash
  }

  /// SHA-256 over the length-prefixed fields in their order, integers as eight big-endian bytes.
  package var computedHash: [UInt8] {
    var message: [UInt8] = []
    message.reserveCapacity(payload.count + 160)
    func add(_ number: Int64) {
      for shift in stride(from: Int64(56), through: 0, by: -8) {
        message.append(UInt8(truncatingIfNeeded: number >> shift))
      }
    }
    func add(_ bytes: [UInt8]) {
      add(Int64(bytes.count))
      message += bytes
    }
    add(previousHash)
    add(Array(run.text.utf8))
    add(sequence)
    add(epoch)
    add(wallTime.microseconds)
    add(monotonicTime.nanoseconds)
    add(Array(kind.utf8))
    add(payload)
    return Digest(of: message).bytes
  }

  /// Where this record stands in the chain.
  package var link: JournalLink { JournalLink(sequence: sequence, hash: hash) }

  /// The event that the payload holds.
  ///
  /// - Throws: ``RecoverError`` `journal` for bytes that are none.
  package func event() throws -> RunEvent {
    do {
      return try JSONValue.decode(RunEvent.self, from: payload)
    } catch {
      throw RecoverError(
        .journal, "record \(sequence) of run \(run.text) (\(kind)) can't be read",
        hint: "it may have been written by a newer recover", underlying: error)
    }
  }
}

/// The end of a chain of records: what the next one is linked to.
package struct JournalLink: Sendable, Hashable {
  package var sequence: Int64
  package var hash: [UInt8]

  package init(sequence: Int64, hash: [UInt8]) {
    self.sequence = sequence
    self.hash = hash
  }
}

extension JournalRecord {
  /// Checks a run's records: no gap, no change, each linked to the one before, epochs never falling.
  ///
  /// - Throws: ``RecoverError`` `journal` naming the first bad record.
  package static func checkChain(_ records: [JournalRecord]) throws {
    var previous: JournalRecord?
    for record in records {
      func damaged(_ what: String) -> RecoverError {
        RecoverError(
          .journal, "record \(record.sequence) of run \(record.run.text) \(what)",
          hint: "the journal was changed or is damaged; restore the state directory from a copy")
      }
      guard record.sequence == (previous?.sequence ?? 0) + 1 else { throw damaged("does not follow the one before") }
      guard record.previousHash == previous?.hash ?? [UInt8](repeating: 0, count: 32) else {
        throw damaged("is not linked to the one before")
      }
      guard record.hash == record.computedHash else { throw damaged("does not have the hash of its content") }
      guard record.epoch >= previous?.epoch ?? 0 else { throw damaged("has an epoch that fell") }
      previous = record
    }
  }
}
