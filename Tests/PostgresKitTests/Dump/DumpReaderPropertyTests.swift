internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import PostgresKit

@Suite("dump reader, random")
struct DumpReaderPropertyTests {
  private static func options(_ random: inout SeededGenerator) -> ReadOptions {
    var options = ReadOptions()
    options.seed = random.next()
    options.largestRead = random.pick([1, 3, 64, 4096])
    options.limits.chunkBytes = random.pick([16, 17, 33, 100, 4096])
    options.limits.bufferBytes = random.pick([64, 65, 100, 4096])
    options.limits.statementBytes = 4096
    return options
  }

  @Test("known fragments are found again, however they are read")
  func fragments() throws {
    try Property.check { random in
      let dump = RandomDump(&random, fragments: random.int(0...8))
      let (pieces, _) = try ReadPieces.all(dump.bytes, Self.options(&random))
      try Property.require(pieces.flatMap(\.bytes) == dump.bytes, "other bytes: \(pieces)")
      // Two runs of space meet where COPY's line ends; joining both sides makes them equal.
      let (found, expected) = (RandomDump.joined(pieces), dump.pieces)
      try Property.require(found == expected, "found \(found)\nexpected \(expected)")
    }
  }

  @Test("every piece tells its place, and a reader resumed there goes on with the same pieces")
  func resume() throws {
    try Property.check { random in
      let dump = RandomDump(&random, fragments: random.int(1...6)).bytes
      var options = Self.options(&random)
      let (pieces, states) = try ReadPieces.all(dump, options)
      var offset: Int64 = 0
      var line: Int64 = 1
      for piece in pieces {
        try Property.require(piece.piece.offset == offset && piece.piece.line == line, "\(piece)")
        offset += Int64(piece.bytes.count)
        line += Int64(piece.bytes.count { $0 == Ascii.lineFeed })
      }
      let index = random.int(0...pieces.count)
      options.state = try JSONValue(encoding: states[index]).decoded(as: DumpReaderState.self)
      try Property.require(options.state == states[index], "the state changed on its way through JSON")
      options.limits.bufferBytes = 64
      let rest = try ReadPieces.all(dump, options)
      try Property.require(rest.pieces == Array(pieces[index...]), "resumed at \(states[index])")
      try Property.require(rest.states == Array(states[index...]), "resumed at \(states[index])")
    }
  }

  @Test("random bytes give pieces that are the input, or an error, and the same ones for all read sizes")
  func noise() throws {
    let alphabet = Array("aeE'\"$;()-/*\\.\n\r :&BNxu1_\u{0}ü".utf8) + [0x95, 0x5C, 0x81, 0x30]
    let starts = [
      "", "COPY t FROM stdin;\n", "SET client_encoding = sjis;COPY t FROM stdin;\n",
      "SET standard_conforming_strings=0;",
      "SET client_encoding = GB18030; SELECT E'", "CREATE FUNCTION BEGIN ATOMIC ", "INSERT INTO t VALUES ",
    ]
    try Property.check(cases: 20_000) { random in
      var dump = Array(random.pick(starts).utf8)
      let anyByte = random.chance(1, of: 4)
      for _ in 0..<random.int(0...120) {
        dump.append(anyByte ? UInt8(random.int(0...255)) : random.pick(alphabet))
      }
      let options = Self.options(&random)
      var other = Self.options(&random)
      other.limits.chunkBytes = options.limits.chunkBytes
      switch (Result { try ReadPieces.all(dump, options).pieces }, Result { try ReadPieces.all(dump, other).pieces }) {
      case (.success(let pieces), .success(let others)):
        try Property.require(pieces.flatMap(\.bytes) == dump, "other bytes")
        try Property.require(pieces == others, "pieces depend on the reads: \(pieces), \(others)")
      case (.failure(let error), .failure(let other)):
        let (error, other) = (error as? RecoverError, other as? RecoverError)
        try Property.require(error?.code == .backupRefused, "\(String(describing: error))")
        let place = error?.message.wholeMatch(of: /(?s)x\.sql.*(line|byte) [0-9]+.*/)
        try Property.require(place != nil, "without its place: \(String(describing: error))")
        try Property.require(error?.message == other?.message, "errors depend on the reads")
      case (.success(let pieces), .failure(let error)), (.failure(let error), .success(let pieces)):
        try Property.require(false, "an error depends on the reads: \(error), \(pieces)")
      }
    }
  }
}
