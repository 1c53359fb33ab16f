internal import RecoverBase

/// What a database that recover made or renamed is for.
package enum SideRole: String, Sendable, Hashable, Codable, CaseIterable {
  /// Being restored beside the live one.
  case side
  /// The live one from before the swap, kept until its retention ends.
  case previous
  /// The restored one that did not pass, kept for the post-mortem.
  case failed
  /// What was live, loaded from its safety dump on the way back of a recovery in place.
  case restored

  /// What stands between the target's name and the run's.
  var infix: String {
    switch self {
    case .side: "_recover_"
    case .previous: "_previous_"
    case .failed: "_failed_"
    case .restored: "_restored_"
    }
  }
}

/// The names of the databases that a run makes: `<target>_recover_<run>` and so on.
///
/// PostgreSQL cuts identifiers after 63 bytes without an error (NAMEDATALEN), so that two long names could become one.
/// A name that would be too long is cut here instead, and tells its target by a hash.
package enum SideNames {
  /// The longest identifier, in bytes.
  package static let longestBytes = 63
  private static let hashDigits = 12

  /// The name of a run's database of the given role.
  ///
  /// At most 63 bytes of UTF-8, cut between characters. Two targets never share a name: where the target's name is cut,
  /// `~` and the first 48 bits of its SHA-256 follow, and a name that ends as if it had been cut is treated likewise.
  ///
  /// - Parameter run: the run's id, 1 to 24 ASCII characters.
  package static func name(of role: SideRole, target: String, run: String) -> String {
    let suffix = role.infix + run
    precondition((1...24).contains(run.utf8.count), "a run's id has 1 to 24 bytes")
    let room = longestBytes - suffix.utf8.count
    if target.utf8.count <= room, !looksCut(target) { return target + suffix }
    let mark = "~" + Digest(of: target.utf8).hex.prefix(hashDigits)
    return prefix(of: target, bytes: room - mark.utf8.count) + mark + suffix
  }

  /// Whether the text ends like a target's name that was cut.
  private static func looksCut(_ text: String) -> Bool {
    let tail = Array(text.utf8.suffix(hashDigits + 1))
    guard tail.count == hashDigits + 1, tail.first == UInt8(ascii: "~") else { return false }
    return tail.dropFirst().allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): true
      default: false
      }
    }
  }

  /// The longest prefix of whole Unicode scalars that fits.
  private static func prefix(of text: String, bytes: Int) -> String {
    var cut = String.UnicodeScalarView()
    var count = 0
    for scalar in text.unicodeScalars {
      count += UTF8.width(scalar)
      guard count <= bytes else { break }
      cut.append(scalar)
    }
    return String(cut)
  }
}
