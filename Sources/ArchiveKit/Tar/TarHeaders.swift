/// The headers that stand before a member and belong to it, put together into the member.
struct TarHeaders {
  /// Where the first of them begins.
  let offset: Int64
  private let everyone: PaxFields
  private var own: PaxFields?
  private var longName: TarName?
  private var longLink: TarName?

  init(offset: Int64, everyone: PaxFields) {
    self.offset = offset
    self.everyone = everyone
  }

  /// What must be followed by a member; nil where nothing was read.
  var pending: String? {
    if own != nil { return "an extended header" }
    if longName != nil { return "a long name" }
    return longLink == nil ? nil : "a long link target"
  }

  /// The member's name, as far as it is known before its own header.
  var name: TarName? { own?.sparse.name ?? own?.path ?? longName }

  mutating func add(_ records: PaxRecords) throws(TarFault) {
    guard own == nil else { throw TarFault("two extended headers stand before one member") }
    var fields = everyone
    try fields.apply(records, scope: .member)
    own = fields
    try checkNames()
  }

  mutating func add(longName payload: [UInt8]) throws(TarFault) {
    guard longName == nil else { throw TarFault("a member has two long names") }
    longName = try Self.longText(payload)
    try checkNames()
  }

  mutating func add(longLink payload: [UInt8]) throws(TarFault) {
    guard longLink == nil else { throw TarFault("a member has two long link targets") }
    longLink = try Self.longText(payload)
    try checkNames()
  }

  /// A long name and an extended header may stand together, in any order, as long as only one of them names the member.
  private func checkNames() throws(TarFault) {
    guard let own else { return }
    if longName != nil, own.path != nil || own.sparse.name != nil { throw TarFault("a member has two long names") }
    if longLink != nil, own.linkPath != nil { throw TarFault("a member has two long link targets") }
  }

  /// Text that ends in NULs, none inside of it.
  private static func longText(_ payload: [UInt8]) throws(TarFault) -> TarName {
    let text = payload.prefix { $0 != 0 }
    guard !text.isEmpty, payload[text.endIndex...].allSatisfy({ $0 == 0 }) else {
      throw TarFault("a long name is empty or has a NUL in it")
    }
    return TarName(Array(text))
  }

  // MARK: The member

  /// Puts the member together; a sparse map that stands in the data is still missing.
  func member(_ header: TarHeader) throws(TarFault) -> TarMember {
    let fields = own ?? everyone
    let name = fields.sparse.name ?? fields.path ?? longName ?? TarName(header.name)
    guard !name.bytes.isEmpty else { throw TarFault("it has no name") }
    let size = try Self.size(header, fields)
    let kind = try kind(header, fields, name: name)
    try Self.check(kind, size: size, header)
    guard let mode = header.mode else { throw TarFault("the mode of \(name) is no octal number") }
    let isFile = kind == .file
    return TarMember(
      name: name, kind: kind, mode: UInt16(truncatingIfNeeded: mode & 0o7777),
      user: try Self.owner(fields.user ?? header.user, fields.userName?.bytes ?? header.userName, "user"),
      group: try Self.owner(fields.group ?? header.group, fields.groupName?.bytes ?? header.groupName, "group"),
      modified: try Self.time(header, fields), hasWholeSeconds: fields.modified == nil, accessed: fields.accessed,
      size: isFile ? size : 0, dataBytes: size,
      attributes: fields.attributes.map { TarMember.Attribute(name: $0.key, value: $0.value) }
        .sorted { $0.name < $1.name },
      accessList: fields.accessList, defaultList: fields.defaultList,
      ignoredKeywords: fields.ignoredKeywords.sorted(), offset: offset)
  }

  func sparseForm() throws(TarFault) -> PaxSparse.Form? { try (own ?? everyone).sparse.form() }

  /// The size in an extended header must be the one in the block, unless that one has no room for it: where two sizes
  /// stand, a program that knows one of them alone finds other members (CVE-2025-62518).
  private static func size(_ header: TarHeader, _ fields: PaxFields) throws(TarFault) -> Int64 {
    guard let own = header.size, own >= 0 else { throw TarFault("its size is no number that is possible there") }
    guard let size = fields.size, size != own else { return own }
    let octalLimit: Int64 = 1 << 33
    guard size >= octalLimit else {
      throw TarFault("its size is \(size) bytes in the extended header, and \(own) in its own")
    }
    return size
  }

  private static func time(_ header: TarHeader, _ fields: PaxFields) throws(TarFault) -> TarTime {
    if let modified = fields.modified { return modified }
    guard let seconds = header.modified, TarTime.range.contains(seconds) else {
      throw TarFault("its time of modification is no number that is possible there")
    }
    return TarTime(seconds: seconds)
  }

  private static func owner(_ number: Int64?, _ name: [UInt8], _ what: String) throws(TarFault) -> TarMember.Owner {
    // The largest number means "nobody in particular" to chown(2).
    guard let number, let value = UInt32(exactly: number), value != .max else {
      throw TarFault("its \(what) has a number that is not possible")
    }
    return TarMember.Owner(number: value, name: TarName(name))
  }

  private func kind(_ header: TarHeader, _ fields: PaxFields, name: TarName) throws(TarFault) -> TarMember.Kind {
    switch header.typeflag {
    case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): return name.endsInSlash ? .directory : .file
    case UInt8(ascii: "S") where header.dialect == .gnu: return .file
    case UInt8(ascii: "1"): return .hardLink(target: try linkTarget(header, fields))
    case UInt8(ascii: "2"): return .symbolicLink(target: try linkTarget(header, fields))
    case UInt8(ascii: "3"): return .characterDevice(try Self.device(header, fields))
    case UInt8(ascii: "4"): return .blockDevice(try Self.device(header, fields))
    case UInt8(ascii: "5"): return .directory
    case UInt8(ascii: "6"): return .fifo
    // The list of names in an incremental archive: the directory itself is what is restored.
    case UInt8(ascii: "D") where header.dialect == .gnu: return .directory
    case UInt8(ascii: "V") where header.dialect == .gnu: return .label
    case UInt8(ascii: "M"): throw TarFault("it begins in another volume of the archive")
    case let flag: throw TarFault("it is of the unknown kind \(TarName([flag]))")
    }
  }

  private func linkTarget(_ header: TarHeader, _ fields: PaxFields) throws(TarFault) -> TarName {
    let target = fields.linkPath ?? longLink ?? TarName(header.linkName)
    guard !target.bytes.isEmpty else { throw TarFault("it is a link to nothing") }
    return target
  }

  private static func device(_ header: TarHeader, _ fields: PaxFields) throws(TarFault) -> TarMember.Device {
    guard let major = fields.deviceMajor ?? header.deviceMajor, let minor = fields.deviceMinor ?? header.deviceMinor,
      let majorValue = UInt32(exactly: major), let minorValue = UInt32(exactly: minor)
    else { throw TarFault("its device number is not possible") }
    return TarMember.Device(major: majorValue, minor: minorValue)
  }

  /// What has no content must say so: programs differ in whether data follows such a member.
  private static func check(_ kind: TarMember.Kind, size: Int64, _ header: TarHeader) throws(TarFault) {
    if kind == .file || size == 0 || header.typeflag == UInt8(ascii: "D") { return }
    throw TarFault("it is no file, yet has a size of \(size) bytes")
  }
}
