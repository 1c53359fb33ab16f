/// A change of the mode of files and directories as chmod(1) writes it: `u=rwX,g=rX,o=`.
///
/// `X` is the right to execute for directories, and for files that somebody may execute already. Other bits than these
/// nine stay as they are.
package struct ModeChange: Sendable, Hashable {
  private enum Operation: UInt8, Sendable {
    case set = 0x3D
    case add = 0x2B
    case remove = 0x2D
  }

  private struct Clause: Sendable, Hashable {
    /// The bits of those whom it is for.
    var mask: UInt16
    var operation: Operation
    /// For everybody.
    var bits: UInt16
    var hasConditionalExecute: Bool
  }

  /// As it was written.
  package let text: String
  private let clauses: [Clause]

  /// - Returns: nil for what is none; a number is none, since it would make files executable or directories not.
  package init?(_ text: String) {
    var clauses: [Clause] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      guard let clause = Self.clause(part) else { return nil }
      clauses.append(clause)
    }
    self.text = text
    self.clauses = clauses
  }

  private static func clause(_ text: Substring) -> Clause? {
    let bytes = Array(text.utf8)
    guard let place = bytes.firstIndex(where: { Operation(rawValue: $0) != nil }),
      let operation = Operation(rawValue: bytes[place])
    else { return nil }
    var clause = Clause(mask: place == 0 ? 0o777 : 0, operation: operation, bits: 0, hasConditionalExecute: false)
    for who in bytes[..<place] {
      switch who {
      case UInt8(ascii: "u"): clause.mask |= 0o700
      case UInt8(ascii: "g"): clause.mask |= 0o070
      case UInt8(ascii: "o"): clause.mask |= 0o007
      case UInt8(ascii: "a"): clause.mask |= 0o777
      default: return nil
      }
    }
    for right in bytes[(place + 1)...] {
      switch right {
      case UInt8(ascii: "r"): clause.bits |= 0o444
      case UInt8(ascii: "w"): clause.bits |= 0o222
      case UInt8(ascii: "x"): clause.bits |= 0o111
      case UInt8(ascii: "X"): clause.hasConditionalExecute = true
      default: return nil
      }
    }
    return clause
  }

  /// The mode that a file or directory has after the change.
  package func applied(to mode: UInt16, isDirectory: Bool) -> UInt16 {
    var mode = mode
    for clause in clauses {
      var bits = clause.bits
      if clause.hasConditionalExecute, isDirectory || mode & 0o111 != 0 { bits |= 0o111 }
      switch clause.operation {
      case .set: mode = mode & ~clause.mask | bits & clause.mask
      case .add: mode |= bits & clause.mask
      case .remove: mode &= ~(bits & clause.mask)
      }
    }
    return mode
  }
}

extension ModeChange: Codable {
  package init(from decoder: any Decoder) throws {
    let text = try decoder.singleValueContainer().decode(String.self)
    guard let change = ModeChange(text) else {
      throw DecodingError.dataCorrupted(
        .init(codingPath: decoder.codingPath, debugDescription: "no change of a mode as chmod has it"))
    }
    self = change
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}
