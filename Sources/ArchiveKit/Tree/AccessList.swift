/// A POSIX.1e access control list (acl(5)): from the text in archives to the bytes that Linux keeps in the attributes
/// `system.posix_acl_access` and `system.posix_acl_default`.
struct AccessList: Hashable {
  struct Entry: Hashable {
    /// The kernel's numbers (`ACL_USER_OBJ` and so on).
    var tag: UInt16
    /// Read 4, write 2, execute 1.
    var permissions: UInt16
    /// Of a user or a group; all ones for the rest.
    var number: UInt32
  }

  /// In the kernel's order: by tag, then by number.
  private(set) var entries: [Entry]

  /// Reads `user::rw-,user:joe:r--,group::r--,mask::r--,other::---`, with commas or newlines between, comments after
  /// `#`, one-letter tags, and star's number as a fourth part, which then counts.
  ///
  /// - Returns: nil where it is none, is incomplete, or names somebody who has no number here.
  init?(_ text: [UInt8], names: inout AccountNames) {
    var entries: [Entry] = []
    let parts = text.split { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\n") }
    for part in parts {
      let words = part.prefix { $0 != UInt8(ascii: "#") }.filter { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\t") }
      if words.isEmpty { continue }
      guard let entry = Self.entry(words, &names) else { return nil }
      entries.append(entry)
    }
    self.entries = entries.sorted { ($0.tag, $0.number) < ($1.tag, $1.number) }
    guard isComplete else { return nil }
  }

  /// Reads the kernel's own form, which GNU tar stores beside the text.
  init?(bytes: [UInt8]) {
    guard bytes.count >= 4, bytes.count % 8 == 4, bytes.starts(with: [2, 0, 0, 0]) else { return nil }
    func number(_ range: Range<Int>) -> UInt32 { bytes[range].reversed().reduce(0) { $0 << 8 | UInt32($1) } }
    entries = stride(from: 4, to: bytes.count, by: 8).map { place in
      Entry(
        tag: UInt16(number(place..<place + 2)), permissions: UInt16(number(place + 2..<place + 4)),
        number: number(place + 4..<place + 8))
    }
    guard isComplete else { return nil }
  }

  /// The mode that a file has with this list, which is what the kernel then says: the group's bits are the mask.
  ///
  /// - Parameter mode: gives setuid, setgid and sticky.
  func mode(with mode: UInt16) -> UInt16 {
    func bits(_ tag: UInt16) -> UInt16? { entries.first { $0.tag == tag }?.permissions }
    let group = bits(Self.mask) ?? bits(Self.owningGroup) ?? 0
    return mode & 0o7000 | (bits(Self.owner) ?? 0) << 6 | group << 3 | (bits(Self.other) ?? 0)
  }

  /// Changes it as chmod(2) does: the group's bits are the mask, where there is one.
  mutating func take(_ mode: UInt16) {
    let group = entries.contains { $0.tag == Self.mask } ? Self.mask : Self.owningGroup
    for index in entries.indices {
      switch entries[index].tag {
      case Self.owner: entries[index].permissions = mode >> 6 & 7
      case group: entries[index].permissions = mode >> 3 & 7
      case Self.other: entries[index].permissions = mode & 7
      default: continue
      }
    }
  }

  /// The list that says what a mode says.
  init(plainMode mode: UInt16) {
    entries = [(Self.owner, 6), (Self.owningGroup, 3), (Self.other, 0)].map { tag, shift in
      Entry(tag: tag, permissions: mode >> UInt16(shift) & 7, number: .max)
    }
  }

  private static let (owner, user, owningGroup, group, mask, other): (UInt16, UInt16, UInt16, UInt16, UInt16, UInt16) =
    (0x01, 0x02, 0x04, 0x08, 0x10, 0x20)

  private static func entry(_ words: [UInt8], _ names: inout AccountNames) -> Entry? {
    let fields = words.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
    guard fields.count == 3 || fields.count == 4, let permissions = permissions(fields[2]) else { return nil }
    let name = TarName(Array(fields[1]))
    let given = fields.count == 4 ? TarNumber.decimal(fields[3]) : TarNumber.decimal(fields[1])
    let number = given.flatMap { UInt32(exactly: $0) }
    func named(_ tag: UInt16, _ number: UInt32?) -> Entry? {
      number.map { Entry(tag: tag, permissions: permissions, number: $0) }
    }
    switch (String(decoding: fields[0], as: UTF8.self), name.bytes.isEmpty) {
    case ("user", true), ("u", true): return Entry(tag: owner, permissions: permissions, number: .max)
    case ("user", false), ("u", false): return named(user, number ?? names.user(name))
    case ("group", true), ("g", true): return Entry(tag: owningGroup, permissions: permissions, number: .max)
    case ("group", false), ("g", false): return named(group, number ?? names.group(name))
    case ("mask", true), ("m", true): return Entry(tag: mask, permissions: permissions, number: .max)
    case ("other", true), ("o", true): return Entry(tag: other, permissions: permissions, number: .max)
    default: return nil
    }
  }

  private static func permissions(_ text: ArraySlice<UInt8>) -> UInt16? {
    var bits: UInt16 = 0
    for letter in text {
      switch letter {
      case UInt8(ascii: "r"): bits |= 4
      case UInt8(ascii: "w"): bits |= 2
      case UInt8(ascii: "x"): bits |= 1
      case UInt8(ascii: "-"): break
      default: return nil
      }
    }
    return bits
  }

  /// The kernel takes a list with one entry each for owner, group and others, a mask where anybody is named, and nobody
  /// twice.
  private var isComplete: Bool {
    func count(_ tag: UInt16) -> Int { entries.count { $0.tag == tag } }
    let isNaming = entries.contains { $0.tag == Self.user || $0.tag == Self.group }
    let pairs = zip(entries, entries.dropFirst())
    return count(Self.owner) == 1 && count(Self.owningGroup) == 1 && count(Self.other) == 1
      && (isNaming ? count(Self.mask) == 1 : count(Self.mask) <= 1)
      && pairs.allSatisfy { $0.0.tag != $0.1.tag || $0.0.number != $0.1.number }
  }

  /// The text form that archives have, with numbers in the place of names: `user::rw-,user:1000:r--,...`.
  var text: [UInt8] {
    let lines = entries.map { entry in
      let letters = [(4, "r"), (2, "w"), (1, "x")].map { bit, letter in
        entry.permissions & UInt16(bit) == 0 ? "-" : letter
      }
      let what =
        switch entry.tag {
        case Self.owner: "user:"
        case Self.user: "user:\(entry.number)"
        case Self.owningGroup: "group:"
        case Self.group: "group:\(entry.number)"
        case Self.mask: "mask:"
        default: "other:"
        }
      return "\(what):\(letters.joined())"
    }
    return Array(lines.joined(separator: ",").utf8)
  }

  /// The size of a list that says no more than a mode does: a header, and owner, group and others.
  static let plainByteCount = 4 + 3 * 8

  /// Version 2 of the kernel's form (linux/posix_acl_xattr.h), little-endian.
  var bytes: [UInt8] {
    func two(_ value: UInt16) -> [UInt8] { [UInt8(value & 0xFF), UInt8(value >> 8)] }
    func four(_ value: UInt32) -> [UInt8] { two(UInt16(value & 0xFFFF)) + two(UInt16(value >> 16)) }
    return four(2) + entries.flatMap { two($0.tag) + two($0.permissions) + four($0.number) }
  }
}
