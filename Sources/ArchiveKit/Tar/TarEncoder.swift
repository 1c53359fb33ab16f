/// Writes the headers of members: ustar blocks (POSIX.1-1988), and extended headers (POSIX, pax) for what has no place there.
///
/// The same member always gives the same bytes. GNU tar and bsdtar read them without a warning: so text that is no UTF-8,
/// and too long for a block, goes into a long name of GNU tar's (typeflags L and K), since bsdtar doubts it in an extended
/// header, and GNU tar does not know the keyword that would vouch for it (`hdrcharset`).
package struct TarEncoder {
  private var records: [UInt8] = []
  private var block = [UInt8](repeating: 0, count: TarHeader.byteCount)

  package init() {}

  /// What ends an archive: two blocks of zeros.
  package static let ending = [UInt8](repeating: 0, count: 2 * TarHeader.byteCount)

  /// How many zeros fill up the last block of data.
  package static func padding(_ byteCount: Int64) -> Int { Int((512 - byteCount % 512) % 512) }

  /// Appends everything that stands before a member's data: headers, and the map of a sparse file.
  ///
  /// The member's `dataBytes` of data follow, and ``padding(_:)``. Its offset and its access time are not written.
  package mutating func append(_ member: TarMember, to output: inout [UInt8]) {
    records.removeAll(keepingCapacity: true)
    let map = member.sparse.map { Self.map($0.pieces) } ?? []
    let storedBytes = member.dataBytes + Int64(map.count)
    addRecords(of: member)
    let (prefix, name) = addName(of: member)
    let link = addLink(of: member)
    if storedBytes > Self.octalLimit(12) { add("size", decimal: storedBytes) }
    if !records.isEmpty {
      // One and the same for all members but for the size: what differs would only cost room.
      fill(name: Array("./PaxHeaders".utf8)[...], flag: "x", size: Int64(records.count), mode: 0o644)
      finishBlock(&output)
      output += records
      output += repeatElement(0, count: Self.padding(Int64(records.count)))
    }
    if name.isLong { addLong("L", name.text, &output) }
    if link.isLong { addLong("K", link.text, &output) }
    fill(name: name.text[...].prefix(100), flag: Self.flag(of: member.kind), size: storedBytes, mode: member.mode)
    put(prefix[...], at: 345, 155)
    put(link.text[...].prefix(100), at: 157, 100)
    fillOwners(of: member)
    if TarTime.fieldRange.contains(member.modified.seconds) { putOctal(member.modified.seconds, at: 136, 12) }
    finishBlock(&output)
    output += map
  }

  // MARK: Names

  /// What goes into a field of a block, and whether that is not all of it and a long name has to come before.
  private struct Text {
    var text: [UInt8]
    var isLong = false
  }

  private mutating func addName(of member: TarMember) -> (prefix: [UInt8], name: Text) {
    let name = member.name.bytes
    if name.count <= 100 { return ([], Text(text: name)) }
    // The last slash that leaves room for what comes before it.
    if let slash = name.dropLast().prefix(156).lastIndex(of: UInt8(ascii: "/")), slash > 0,
      name.count - slash - 1 <= 100
    {
      return (Array(name[..<slash]), Text(text: Array(name[(slash + 1)...])))
    }
    guard Self.isUTF8(name) else { return ([], Text(text: name, isLong: true)) }
    add("path", name[...])
    return ([], Text(text: name))
  }

  private mutating func addLink(of member: TarMember) -> Text {
    guard let target = member.linkTarget?.bytes, target.count > 100 else {
      return Text(text: member.linkTarget?.bytes ?? [])
    }
    guard Self.isUTF8(target) else { return Text(text: target, isLong: true) }
    add("linkpath", target[...])
    return Text(text: target)
  }

  private static func isUTF8(_ bytes: [UInt8]) -> Bool { String(validating: bytes, as: UTF8.self) != nil }

  /// A header that holds what the next member's field has no room for, ended by a NUL.
  private mutating func addLong(_ flag: Unicode.Scalar, _ text: [UInt8], _ output: inout [UInt8]) {
    fill(name: Array("././@LongLink".utf8)[...], flag: flag, size: Int64(text.count + 1), mode: 0o644)
    finishBlock(&output)
    output += text
    output += repeatElement(0, count: 1 + Self.padding(Int64(text.count + 1)))
  }

  // MARK: Extended headers

  private mutating func addRecords(of member: TarMember) {
    let time = member.modified
    if time.nanoseconds != 0 || !TarTime.fieldRange.contains(time.seconds) { add("mtime", time.decimal[...]) }
    for (owner, number, name) in [(member.user, "uid", "uname"), (member.group, "gid", "gname")] {
      if Int64(owner.number) > Self.octalLimit(8) { add(number, decimal: Int64(owner.number)) }
      if owner.name.bytes.count > 31, Self.isUTF8(owner.name.bytes) { add(name, owner.name.bytes[...]) }
    }
    if let list = member.accessList { add("SCHILY.acl.access", list[...]) }
    if let list = member.defaultList { add("SCHILY.acl.default", list[...]) }
    for attribute in member.attributes {
      // A keyword ends at its first `=`; libarchive has a form for such names, which GNU tar does not know.
      if attribute.name.utf8.contains(UInt8(ascii: "=")) {
        add("LIBARCHIVE.xattr.\(PaxText.percentEncoded(attribute.name))", PaxText.base64Encoded(attribute.value)[...])
      } else {
        add("SCHILY.xattr.\(attribute.name)", attribute.value[...])
      }
    }
    guard member.sparse != nil else { return }
    add("GNU.sparse.major", decimal: 1)
    add("GNU.sparse.minor", decimal: 0)
    add("GNU.sparse.realsize", decimal: member.size)
  }

  private mutating func add(_ keyword: String, decimal: Int64) { add(keyword, Array(String(decimal).utf8)[...]) }

  /// `LENGTH KEYWORD=VALUE\n`, where LENGTH counts itself too.
  private mutating func add(_ keyword: String, _ value: ArraySlice<UInt8>) {
    let rest = keyword.utf8.count + value.count + 3
    var length = rest + 1
    while String(length).utf8.count + rest != length { length = String(length).utf8.count + rest }
    records += "\(length) \(keyword)=".utf8
    records += value
    records.append(UInt8(ascii: "\n"))
  }

  /// GNU tar's format 1.0: the number of pieces, then offset and size of each, a number a line, in whole blocks.
  private static func map(_ pieces: [TarSparsePiece]) -> [UInt8] {
    var map = Array("\(pieces.count)\n".utf8)
    for piece in pieces { map += "\(piece.offset)\n\(piece.byteCount)\n".utf8 }
    return map + repeatElement(0, count: padding(Int64(map.count)))
  }

  // MARK: Blocks

  private static func flag(of kind: TarMember.Kind) -> Unicode.Scalar {
    switch kind {
    case .file: "0"
    case .hardLink: "1"
    case .symbolicLink: "2"
    case .characterDevice: "3"
    case .blockDevice: "4"
    case .directory: "5"
    case .fifo: "6"
    case .label: "V"
    }
  }

  private mutating func fill(name: ArraySlice<UInt8>, flag: Unicode.Scalar, size: Int64, mode: UInt16) {
    for index in block.indices { block[index] = 0 }
    put(name, at: 0, 100)
    putOctal(Int64(mode), at: 100, 8)
    putOctal(0, at: 108, 8)
    putOctal(0, at: 116, 8)
    putSize(size)
    putOctal(0, at: 136, 12)
    block[156] = UInt8(flag.value)
    put(Array("ustar\0".utf8)[...], at: 257, 6)
    put(Array("00".utf8)[...], at: 263, 2)
  }

  private mutating func fillOwners(of member: TarMember) {
    // Whoever knows no extended headers gets the nearest that there is.
    putOctal(min(Int64(member.user.number), Self.octalLimit(8)), at: 108, 8)
    putOctal(min(Int64(member.group.number), Self.octalLimit(8)), at: 116, 8)
    if member.user.name.bytes.count <= 31 { put(member.user.name.bytes[...], at: 265, 32) }
    if member.group.name.bytes.count <= 31 { put(member.group.name.bytes[...], at: 297, 32) }
    var device = TarMember.Device(major: 0, minor: 0)
    if case .characterDevice(let found) = member.kind { device = found }
    if case .blockDevice(let found) = member.kind { device = found }
    putOctal(Int64(device.major), at: 329, 8)
    putOctal(Int64(device.minor), at: 337, 8)
  }

  private mutating func finishBlock(_ output: inout [UInt8]) {
    for index in 148..<156 { block[index] = UInt8(ascii: " ") }
    let sum = block.reduce(0) { $0 + Int64($1) }
    putOctal(sum, at: 148, 7)
    output += block
  }

  private mutating func put(_ bytes: ArraySlice<UInt8>, at start: Int, _ room: Int) {
    precondition(bytes.count <= room, "a field of a tar header overflows")
    for (place, byte) in zip(start..., bytes) { block[place] = byte }
  }

  /// The largest number in octal digits that a field of so many bytes holds, its NUL counted.
  private static func octalLimit(_ room: Int) -> Int64 { 1 << Int64(3 * (room - 1)) - 1 }

  private mutating func putOctal(_ number: Int64, at start: Int, _ room: Int) {
    precondition(number >= 0 && number <= Self.octalLimit(room), "a number of a tar header overflows")
    var rest = number
    for place in stride(from: start + room - 2, through: start, by: -1) {
      block[place] = UInt8(ascii: "0") + UInt8(rest & 7)
      rest >>= 3
    }
    block[start + room - 1] = 0
  }

  /// From 8 GiB on also here, in GNU tar's base-256: the extended header and the block must never say two things.
  private mutating func putSize(_ size: Int64) {
    guard size > Self.octalLimit(12) else { return putOctal(size, at: 124, 12) }
    block[124] = 0x80
    for index in 1..<12 {
      let shift = 8 * (11 - index)
      block[124 + index] = shift < 64 ? UInt8(truncatingIfNeeded: size >> Int64(shift)) : 0
    }
  }
}

extension TarTime {
  /// What the field of a block holds: to the year 2242.
  static let fieldRange: ClosedRange<Int64> = 0...(1 << 33 - 1)

  /// As extended headers have it, such as `1450000000.25`; before 1970 with the sign in front of all of it (POSIX).
  var decimal: [UInt8] {
    var (whole, part, sign) = (seconds, Int64(nanoseconds), "")
    if seconds < 0 {
      sign = "-"
      whole = -seconds
      if part > 0 { (whole, part) = (whole - 1, 1_000_000_000 - part) }
    }
    var text = Array("\(sign)\(whole)".utf8)
    guard part > 0 else { return text }
    let digits = String(part)
    text += ".".utf8
    text += repeatElement(UInt8(ascii: "0"), count: 9 - digits.utf8.count)
    text += digits.utf8
    while text.last == UInt8(ascii: "0") { text.removeLast() }
    return text
  }
}

extension PaxText {
  /// A name in which every byte that is no letter or digit is `%` and two hexadecimal digits, but for dots.
  static func percentEncoded(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
      let scalar = Unicode.Scalar(byte)
      if byte < 0x80, scalar.properties.isAlphabetic || TarNumber.isDigit(byte) || byte == UInt8(ascii: ".") {
        encoded.unicodeScalars.append(scalar)
      } else {
        encoded += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
      }
    }
    return encoded
  }

  /// Base64 (RFC 4648, section 4) without padding.
  static func base64Encoded(_ bytes: [UInt8]) -> [UInt8] {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    var (bits, count) = (UInt32(0), UInt32(0))
    for byte in bytes {
      bits = bits << 8 | UInt32(byte)
      count += 8
      while count >= 6 {
        count -= 6
        text.append(digits[Int(bits >> count & 63)])
      }
    }
    if count > 0 { text.append(digits[Int(bits << (6 - count) & 63)]) }
    return text
  }
}
