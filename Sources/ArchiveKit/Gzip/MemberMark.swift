/// What a gzip member of ours says of itself: how long it is, so that the next one is found without inflating it.
///
/// It stands in the extra field of the header (RFC 1952, 2.3.1.1), as subfield `RC` of four bytes: the size of the whole
/// member, little-endian. Every program that reads gzip passes over it.
enum MemberMark {
  /// The header of a marked member: ten bytes, the size of the extra field, the subfield.
  static let headerBytes = 20
  /// CRC-32 and size of the content.
  static let trailerBytes = 8
  /// Larger members are read like anybody else's.
  static let limitBytes = 16 << 20

  private static let plainHeaderBytes = 10
  private static let hasExtraField: UInt8 = 4

  /// Marks a member that has a plain header.
  static func add(to member: inout [UInt8]) {
    precondition(member.count > plainHeaderBytes && member[3] == 0, "a gzip member with more than a plain header")
    let size = UInt32(member.count + headerBytes - plainHeaderBytes)
    member[3] = hasExtraField
    let bytes = (0..<4).map { UInt8(truncatingIfNeeded: size >> UInt32(8 * $0)) }
    member.insert(contentsOf: [8, 0, UInt8(ascii: "R"), UInt8(ascii: "C"), 4, 0] + bytes, at: plainHeaderBytes)
  }

  /// How long the member is that begins with these bytes; nil where it does not say so.
  static func size(_ front: ArraySlice<UInt8>) -> Int? {
    guard front.count >= headerBytes else { return nil }
    let front = front.prefix(headerBytes)
    let start = front.startIndex
    guard front.starts(with: [0x1F, 0x8B, 8, hasExtraField]),
      front[(start + plainHeaderBytes)...].starts(with: [8, 0, UInt8(ascii: "R"), UInt8(ascii: "C"), 4, 0])
    else { return nil }
    let size = Int(number(front.suffix(4)))
    return size > headerBytes + trailerBytes && size <= limitBytes ? size : nil
  }

  /// The size of a member's content, as its last four bytes say.
  static func contentSize(_ member: ArraySlice<UInt8>) -> Int { Int(number(member.suffix(4))) }

  /// The CRC-32 of a member's content, as its trailer says.
  static func checksum(_ member: ArraySlice<UInt8>) -> UInt32 { number(member.suffix(8).prefix(4)) }

  private static func number(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
  }
}
