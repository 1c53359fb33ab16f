internal import RecoverBase
internal import RecoverTestSupport

@testable internal import ArchiveKit

/// What tests read an archive into.
struct ReadMember: Hashable {
  var member: TarMember
  /// The whole file, holes filled with zeros; empty for other kinds, and for files over 16 MiB.
  var content: [UInt8]
}

enum TarReading {
  /// Reads all members of an archive in memory.
  static func members(
    _ bytes: [UInt8], budget: TarBudget = .standard, largestRead: Int = .max, pieceBytes: Int = 4096
  ) throws -> [ReadMember] {
    var reader = TarReader(
      MemorySource(bytes, largestRead: largestRead), named: "x.tar", budget: budget, bufferBytes: 2048)
    var members: [ReadMember] = []
    var buffer = [UInt8](repeating: 0, count: pieceBytes)
    while let member = try reader.next() {
      let keeps = member.size <= 16 << 20
      var content = [UInt8](repeating: 0, count: keeps ? Int(member.size) : 0)
      while let piece = try unsafe buffer.withUnsafeMutableBytes({ try unsafe reader.read(into: $0) }) {
        guard keeps, member.kind == .file else { continue }
        content.replaceSubrange(
          Int(piece.offset)..<Int(piece.offset + piece.byteCount), with: buffer[..<Int(piece.byteCount)])
      }
      members.append(ReadMember(member: member, content: content))
    }
    return members
  }

  /// Why an archive is refused; nil when it is not.
  static func refusal(_ bytes: [UInt8], budget: TarBudget = .standard) -> RecoverError? {
    do {
      _ = try members(bytes, budget: budget)
      return nil
    } catch {
      return error as? RecoverError
    }
  }

  static func names(_ bytes: [UInt8]) throws -> [String] { try members(bytes).map { "\($0.member.name)" } }
}
