internal import Glibc
internal import HostKit
internal import RecoverBase
internal import Synchronization

/// One piece of an archive while a child of pg_restore writes it: without the front and the end that every script has.
///
/// It belongs to one reader at a time; others may be given it when that one is done.
final class ArchiveStream: Sendable {
  /// Which piece it is, and where that begins in the plain dump.
  let piece: Int
  let base: Int64
  private let archive: String
  private let child: ChildStream
  private let end: [UInt8]
  private let state: Mutex<State>

  private struct State {
    var buffer: [UInt8]
    /// What of the buffer is filled, and not yet given away.
    var start = 0
    var filled = 0
    /// What of the front is still to come.
    var front: ArraySlice<UInt8>
    /// Bytes of the piece that were given away.
    var position: Int64 = 0
    var isOver = false
    /// What made it useless: the same again for whoever reads on.
    var failure: RecoverError?
  }

  private static let bufferBytes = 256 << 10

  init(_ archive: String, _ layout: ArchiveLayout, piece: Int, base: Int64) throws {
    self.archive = archive
    self.piece = piece
    self.base = base
    end = layout.end
    child = try layout.program.script(of: archive, entries: layout.cuts.pieces[piece], key: layout.key)
    let size = Self.bufferBytes + layout.end.count
    state = Mutex(State(buffer: [UInt8](repeating: 0, count: size), front: layout.front[...]))
  }

  /// How many bytes of the piece were read.
  var position: Int64 { state.withLock { $0.position } }

  /// Whether it is at its end.
  var isOver: Bool { state.withLock { $0.isOver } }

  /// Reads the next bytes of the piece.
  ///
  /// - Returns: 0 only at its end, and only when pg_restore exited with 0 behind what every script ends with.
  /// - Throws: ``RecoverError`` `backupRefused` with pg_restore's last line when it failed.
  func read(into buffer: UnsafeMutableRawBufferPointer, _ interruption: Interruption?) throws -> Int {
    try state.withLock { state in
      while !state.isOver {
        // As many bytes as the end has may be the end.
        let ready = state.filled - state.start - end.count
        if ready > 0, state.front.isEmpty {
          let count = min(ready, buffer.count)
          unsafe buffer.copyBytes(from: state.buffer[state.start..<(state.start + count)])
          state.start += count
          state.position += Int64(count)
          return count
        }
        try fill(&state, interruption)
      }
      if let failure = state.failure { throw failure }
      return 0
    }
  }

  private func fill(_ state: inout State, _ interruption: Interruption?) throws {
    let rest = state.filled - state.start
    if state.start > 0 {
      state.buffer.replaceSubrange(0..<rest, with: state.buffer[state.start..<state.filled])
      (state.start, state.filled) = (0, rest)
    }
    let count = try unsafe state.buffer.withUnsafeMutableBytes { bytes in
      try unsafe child.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[rest...]), interruption)
    }
    state.filled += count
    try takeFront(&state)
    guard count == 0 else { return }
    state.isOver = true
    do {
      try ArchiveProgram.requireSuccess(try child.finish(interruption), of: archive)
      guard state.front.isEmpty, state.buffer[state.start..<state.filled].elementsEqual(end) else { throw unexpected }
    } catch let error as RecoverError {
      state.failure = error
      throw error
    }
  }

  /// Passes over the front that every script has.
  private func takeFront(_ state: inout State) throws {
    let count = min(state.front.count, state.filled - state.start)
    guard count > 0 else { return }
    guard state.buffer[state.start..<(state.start + count)].elementsEqual(state.front.prefix(count)) else {
      throw unexpected
    }
    state.front = state.front.dropFirst(count)
    state.start += count
  }

  private var unexpected: RecoverError {
    RecoverError(
      .drifted, "\(archive) was changed while it was read: pg_restore says something else of it than before",
      hint: "look at what writes to it, and plan again")
  }
}
