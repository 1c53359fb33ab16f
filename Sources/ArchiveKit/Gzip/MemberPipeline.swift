package import RecoverBase

/// A gzip member that was made, on its way into a file.
package struct PackedMember: Sendable {
  package var bytes: [UInt8]
  package var sha256: Digest
  /// Of the content.
  package var crc32: UInt32
  package var contentBytes: Int
  /// What begins first in its content, and where there; nil where nothing does.
  package var first: (name: [UInt8], offset: Int)?
}

/// What members are given to, one after the other, in the order of their content; on any thread, but never on two.
package protocol MemberSink: Sendable {
  func append(_ member: PackedMember) throws
  /// Called before a member that may have to be taken back, with all behind it.
  func save()
  /// Takes back the member that was appended after ``save()``, and all behind it.
  func restore() throws
}

/// Compresses a stream into independent gzip members, on several threads and in constant memory.
///
/// The members are cut by the number of bytes alone, so the same stream gives the same file whatever the machine does.
final class MemberPipeline: Sendable {
  private struct Chunk {
    var number: Int
    var content: [UInt8]
    var count: Int
    var first: (name: [UInt8], offset: Int)?
  }

  private struct State {
    var waiting: [Chunk] = []
    var done: [Int: PackedMember] = [:]
    var freeContents: [[UInt8]] = []
    var freeMembers: [[UInt8]] = []
    /// The number of the next chunk that is given to the sink.
    var next = 0
    var isAppending = false
    /// The chunk before which the sink saves its state.
    var marked: Int?
    var hasSaved = false
    var isClosed = false
    var failure: (any Error)?
  }

  private let state = Monitor(State())
  private let sink: any MemberSink
  /// How many chunks may be under way.
  private let limit: Int

  /// - Parameter threads: that compress.
  init(_ sink: any MemberSink, threads: Int) {
    self.sink = sink
    limit = 2 * threads + 2
  }

  // MARK: The writer's side

  /// Hands over content, and gives an empty buffer of the same size for what follows.
  func submit(_ number: Int, _ content: [UInt8], count: Int, first: (name: [UInt8], offset: Int)?) throws -> [UInt8] {
    let chunk = Chunk(number: number, content: content, count: count, first: first)
    let _: Bool = try wait { state in
      guard chunk.number - state.next < limit else { return nil }
      state.waiting.append(chunk)
      return true
    }
    return state.change { $0.freeContents.popLast() } ?? [UInt8](repeating: 0, count: content.count)
  }

  /// Has the sink save its state before a chunk that was not submitted yet; nil: it need not any more.
  func mark(_ number: Int?) { state.change { ($0.marked, $0.hasSaved) = (number, false) } }

  /// Waits until all chunks below a number are in the sink, and takes back those from the marked one on.
  func rewind(submitted: Int) throws {
    try drain(submitted)
    let (marked, hasSaved) = state.change { ($0.marked, $0.hasSaved) }
    guard let marked, hasSaved else { return }
    try sink.restore()
    state.change { ($0.next, $0.hasSaved) = (marked, false) }
  }

  /// Waits until all chunks below a number are in the sink.
  func drain(_ submitted: Int) throws {
    let _: Bool = try wait { $0.next == submitted && !$0.isAppending ? true : nil }
  }

  /// Nothing is submitted any more.
  func close() { state.change { $0.isClosed = true } }

  private func wait<Value>(_ body: (inout State) -> Value?) throws -> Value {
    while true {
      let found: Value? = try state.wait(atMost: .seconds(60)) { state in
        if let failure = state.failure { throw failure }
        return body(&state)
      }
      if let found { return found }
    }
  }

  // MARK: The threads

  /// Compresses until there is no more to do, or somebody failed.
  func work(_ compressor: any MemberCompressor) {
    do {
      while let chunk = take() {
        var member = state.change { $0.freeMembers.popLast() } ?? []
        try compressor.compress(chunk.content.span.extracting(0..<chunk.count), into: &member)
        MemberMark.add(to: &member)
        var digest = DigestBuilder()
        digest.update(member.span)
        let packed = PackedMember(
          bytes: member, sha256: digest.finish(), crc32: MemberMark.checksum(member[...]),
          contentBytes: chunk.count, first: chunk.first)
        member = []
        state.change { state in
          state.done[chunk.number] = packed
          state.freeContents.append(chunk.content)
        }
        try appendReady()
      }
    } catch {
      state.change { if $0.failure == nil { $0.failure = error } }
    }
  }

  private func take() -> Chunk? {
    while true {
      let found: Chunk?? = state.wait(atMost: .seconds(60)) { state in
        if state.failure != nil { return .some(nil) }
        if !state.waiting.isEmpty { return .some(state.waiting.removeFirst()) }
        return state.isClosed ? .some(nil) : nil
      }
      if let found { return found }
    }
  }

  /// Gives the sink what is next, as long as that is there and nobody else does.
  private func appendReady() throws {
    while true {
      let ready: (member: PackedMember, isMarked: Bool)? = state.change { state in
        guard !state.isAppending, let member = state.done.removeValue(forKey: state.next) else { return nil }
        state.isAppending = true
        let isMarked = state.marked == state.next
        if isMarked { state.hasSaved = true }
        return (member, isMarked)
      }
      guard let ready else { return }
      if ready.isMarked { sink.save() }
      try sink.append(ready.member)
      state.change { state in
        state.isAppending = false
        state.next += 1
        state.freeMembers.append(ready.member.bytes)
      }
    }
  }
}
