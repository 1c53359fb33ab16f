internal import RecoverBase
internal import Synchronization

/// What stands between the threads that decompress an archive and the one that reads it: numbered pieces of content.
final class ContentPipe: Sendable {
  struct Piece {
    var bytes: [UInt8] = []
    var count = 0
    /// How much of the file on disk was used for it and all before it.
    var consumedBytes: Int64 = 0
  }

  /// What is known of the file on disk at its end.
  struct Ending {
    var digest: Digest
    var fileBytes: Int64
  }

  private struct State {
    var full: [Int: Piece] = [:]
    /// The number of the piece that is read next.
    var next = 0
    var free: [[UInt8]]
    /// How it ended, and how many pieces there are; nil while it goes on.
    var end: (result: Result<Ending, any Error>, pieces: Int)?
    var isClosed = false
  }

  private let state: Monitor<State>

  /// - Parameters:
  ///   - pieces: how many there are, which is all the memory that it takes.
  ///   - pieceBytes: the size of each; one that has to be larger grows.
  init(pieces: Int, pieceBytes: Int) {
    state = Monitor(State(free: (0..<pieces).map { _ in [UInt8](repeating: 0, count: pieceBytes) }))
  }

  // MARK: Writing

  /// A buffer that nobody uses; nil once the reader has gone, or all was read that there is to be.
  func takeFree() -> [UInt8]? {
    while true {
      let answer: [UInt8]?? = state.wait(atMost: .seconds(60)) { state in
        if state.isClosed || state.end != nil { return .some(nil) }
        return state.free.popLast().map { .some($0) }
      }
      if let answer { return answer }
    }
  }

  func put(_ number: Int, _ piece: Piece) { state.change { $0.full[number] = piece } }

  /// Says how it ended: before which piece, and with what; the first one to say so counts where two fail.
  func end(_ result: Result<Ending, any Error>, at number: Int) {
    state.change { state in
      // What comes earlier in the file is what the reader meets first.
      if let before = state.end, before.pieces <= number { return }
      state.end = (result, number)
    }
  }

  /// Decompresses a file until its end, an error, or until nobody reads any more.
  func fill(from file: TarFile) {
    var number = 0
    let result = Result {
      var content = try TarContent(file)
      while var bytes = takeFree() {
        let count = try unsafe bytes.withUnsafeMutableBytes { try unsafe content.read(into: $0) }
        if count == 0 { break }
        put(number, Piece(bytes: bytes, count: count, consumedBytes: content.consumedBytes))
        number += 1
      }
      return Ending(digest: content.fileDigest, fileBytes: content.consumedBytes)
    }
    end(result, at: number)
  }

  // MARK: Reading

  /// The next piece; nil at the end.
  func next(returning used: Piece) throws -> Piece? {
    if !used.bytes.isEmpty { state.change { $0.free.append(used.bytes) } }
    while true {
      let answer: Piece?? = try state.wait(atMost: .seconds(60)) { state in
        if let piece = state.full.removeValue(forKey: state.next) {
          state.next += 1
          return .some(piece)
        }
        guard let end = state.end, end.pieces == state.next else { return nil }
        _ = try end.result.get()
        return .some(nil)
      }
      if let answer { return answer }
    }
  }

  func close() { state.change { $0.isClosed = true } }

  var ending: Ending? { state.change { state in try? state.end?.result.get() } }
}

/// The marked members of an archive, which several threads take and inflate.
final class SharedMembers: Sendable {
  private let name: String
  private let source: Mutex<Source>

  private struct Source: ~Copyable {
    /// Nil once somebody reads what follows the last of them.
    var members: MarkedMembers?
    var next = 0
  }

  init(_ file: TarFile) throws {
    name = file.path
    source = Mutex(Source(members: MarkedMembers(HashingSource(try FileSource(path: file.path)))))
  }

  private enum Taken: ~Copyable {
    case member(MarkedMembers.Member, number: Int, consumedBytes: Int64)
    case rest(MarkedMembers, number: Int)
    case nothing
  }

  /// Takes members and inflates them until there are none left.
  func inflate(into pipe: ContentPipe) {
    var compressed: [UInt8] = []
    // Taken before the member is: whoever has a number can always deliver it.
    while let buffer = pipe.takeFree() {
      var number = Int.max
      do {
        switch try take(into: &compressed, &number) {
        case .nothing: return
        case .rest(let rest, let number): return read(rest, from: number, buffer, into: pipe)
        case .member(let member, let number, let consumedBytes):
          var content = buffer
          if content.count < member.contentBytes {
            content += repeatElement(0, count: member.contentBytes - content.count)
          }
          guard
            try MemberInflater().inflate(
              compressed, count: member.count, into: &content, contentBytes: member.contentBytes)
          else {
            throw RecoverError(
              .backupRefused,
              "\(name) is damaged in gzip member \(member.number), compressed bytes \(member.fileOffset) to "
                + "\(member.fileOffset + Int64(member.count)): its content does not fit its checksum",
              hint: "use another copy of this backup")
          }
          pipe.put(number, ContentPipe.Piece(bytes: content, count: member.contentBytes, consumedBytes: consumedBytes))
        }
      } catch {
        return pipe.end(.failure(error), at: number)
      }
    }
  }

  /// - Parameter number: of the piece that is being taken, also when that fails.
  private func take(into buffer: inout [UInt8], _ number: inout Int) throws -> Taken {
    var taken = buffer
    buffer = []
    defer { buffer = taken }
    return try source.withLock { source throws -> Taken in
      guard var members = source.members.take() else { return .nothing }
      number = source.next
      guard let member = try members.next(into: &taken) else { return .rest(members, number: number) }
      let consumedBytes = members.consumedBytes
      source.members = consume members
      source.next += 1
      return .member(member, number: number, consumedBytes: consumedBytes)
    }
  }

  /// What no marked member follows: the end, padding, members of somebody else, damage.
  private func read(_ members: consuming MarkedMembers, from start: Int, _ buffer: [UInt8], into pipe: ContentPipe) {
    var number = start
    do {
      var rest = try members.rest(named: name)
      var buffer: [UInt8]? = buffer
      while var bytes = buffer {
        let count = try unsafe bytes.withUnsafeMutableBytes { try unsafe rest.read(into: $0) }
        if count == 0 { break }
        pipe.put(number, ContentPipe.Piece(bytes: bytes, count: count, consumedBytes: rest.consumedBytes))
        number += 1
        buffer = pipe.takeFree()
      }
      pipe.end(
        .success(ContentPipe.Ending(digest: rest.source.source.digest, fileBytes: rest.consumedBytes)), at: number)
    } catch {
      pipe.end(.failure(error), at: number)
    }
  }
}
