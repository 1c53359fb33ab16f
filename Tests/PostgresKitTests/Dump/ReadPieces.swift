internal import PostgresKit
internal import RecoverBase
internal import RecoverTestSupport

/// A piece together with its text, as tests compare them.
struct ReadPiece: Equatable, CustomStringConvertible {
  var piece: DumpPiece
  var bytes: [UInt8]

  var text: String { String(decoding: bytes, as: UTF8.self) }
  var description: String { "\(piece.kind) at \(piece.offset), line \(piece.line): \(text.debugDescription)" }
}

/// How a dump is read in a test.
struct ReadOptions {
  var largestRead = Int.max
  var seed: UInt64?
  var state = DumpReaderState.start
  var limits = DumpReaderLimits()
}

enum ReadPieces {
  /// All pieces of a dump, and the state before each and after the last.
  static func all(
    _ dump: [UInt8], _ options: ReadOptions = ReadOptions()
  ) throws -> (pieces: [ReadPiece], states: [DumpReaderState]) {
    let source = MemorySource(
      dump, from: Int(options.state.offset), largestRead: options.largestRead, seed: options.seed)
    var reader = DumpReader(source, named: "x.sql", from: options.state, limits: options.limits)
    var pieces: [ReadPiece] = []
    var states = [reader.state]
    while let piece = try reader.next() {
      pieces.append(ReadPiece(piece: piece, bytes: reader.text.bytes))
      states.append(reader.state)
    }
    return (pieces, states)
  }

  static func all(_ dump: String) throws -> [ReadPiece] { try all(Array(dump.utf8)).pieces }

  /// The texts of the statements alone.
  static func statements(_ dump: String) throws -> [String] {
    try all(dump).compactMap { if case .statement = $0.piece.kind { $0.text } else { nil } }
  }

  /// The error that reading ends with; nil when it does not.
  static func refusal(_ dump: [UInt8], _ options: ReadOptions = ReadOptions()) -> RecoverError? {
    do {
      _ = try all(dump, options)
      return nil
    } catch {
      return error as? RecoverError
    }
  }

  static func refusal(_ dump: String) -> RecoverError? { refusal(Array(dump.utf8)) }
}
