/// What extended headers say of a member, or of all that follow.
struct PaxFields {
  var path: TarName?
  var linkPath: TarName?
  var size: Int64?
  var user: Int64?
  var group: Int64?
  var userName: TarName?
  var groupName: TarName?
  var modified: TarTime?
  var accessed: TarTime?
  var deviceMajor: Int64?
  var deviceMinor: Int64?
  /// By name.
  var attributes: [String: [UInt8]] = [:]
  var accessList: [UInt8]?
  var defaultList: [UInt8]?
  var sparse = PaxSparse()
  var ignoredKeywords: Set<String> = []

  /// Whom a header speaks of.
  enum Scope {
    /// The member that follows (typeflag x).
    case member
    /// All that follow (typeflag g).
    case everything
  }

  /// Adds the records of one header; a member's own win over those for all.
  mutating func apply(_ header: PaxRecords, scope: Scope) throws(TarFault) {
    var seen: [String: [UInt8]] = [:]
    for record in header.records {
      if scope == .everything { try Self.checkGlobal(record.keyword) }
      // The offsets and counts of GNU sparse 0.0 are meant to come again and again.
      if !PaxSparse.repeated.contains(record.keyword) {
        if let before = seen.updateValue(record.value, forKey: record.keyword), before != record.value {
          throw TarFault("an extended header has two values for \(record.keyword)")
        }
      }
      if record.keyword.hasPrefix(PaxSparse.prefix) {
        try sparse.apply(record)
      } else {
        try apply(record)
      }
    }
  }

  /// What says where data and names are can't be meant for many members.
  private static func checkGlobal(_ keyword: String) throws(TarFault) {
    if ["path", "linkpath", "size"].contains(keyword) || keyword.hasPrefix(PaxSparse.prefix) {
      throw TarFault("a global extended header has the keyword \(keyword), which is of one member alone")
    }
  }

  private mutating func apply(_ record: PaxRecords.Record) throws(TarFault) {
    switch record.keyword {
    case "path": path = try Self.name(record)
    case "linkpath": linkPath = try Self.name(record)
    case "size": size = try Self.number(record)
    case "uid": user = try Self.number(record)
    case "gid": group = try Self.number(record)
    case "uname": userName = try Self.text(record)
    case "gname": groupName = try Self.text(record)
    case "mtime": modified = try Self.time(record)
    case "atime": accessed = record.value.isEmpty ? nil : try Self.time(record)
    case "hdrcharset": try Self.checkCharacters(record)
    case "SCHILY.devmajor": deviceMajor = try Self.number(record)
    case "SCHILY.devminor": deviceMinor = try Self.number(record)
    case "SCHILY.acl.access": accessList = record.value
    case "SCHILY.acl.default": defaultList = record.value
    case "RHT.security.selinux": try setAttribute("security.selinux", record.value)
    // What nobody restores, or only describes the archive.
    case "ctime", "comment", "charset", "LIBARCHIVE.creationtime", "SCHILY.dev", "SCHILY.ino", "SCHILY.nlink": break
    // Other writers' sparse files: their data would be taken for the whole.
    case "SCHILY.realsize", "SUN.holesdata":
      throw TarFault("it is a sparse file of a kind that is not read (\(record.keyword))")
    case "SCHILY.filetype": throw TarFault("an extended header gives it another kind (\(record.keyword))")
    default: try applyVendor(record)
    }
  }

  private mutating func applyVendor(_ record: PaxRecords.Record) throws(TarFault) {
    if let name = Self.rest(of: record.keyword, behind: "SCHILY.xattr.") {
      try setAttribute(name, record.value)
    } else if let name = Self.rest(of: record.keyword, behind: "LIBARCHIVE.xattr.") {
      guard let plain = PaxText.percentDecoded(name), let value = PaxText.base64Decoded(record.value) else {
        throw TarFault("an extended header has an attribute that can't be decoded (\(record.keyword))")
      }
      try setAttribute(plain, value)
    } else {
      ignoredKeywords.insert(record.keyword)
    }
  }

  /// bsdtar writes each attribute in two forms, which must then agree.
  private mutating func setAttribute(_ name: String, _ value: [UInt8]) throws(TarFault) {
    guard !name.isEmpty, !name.utf8.contains(0) else { throw TarFault("it has an extended attribute without a name") }
    if let before = attributes[name], before != value { throw TarFault("it has two values for the attribute \(name)") }
    attributes[name] = value
  }

  // MARK: Values

  private static func rest(of keyword: String, behind prefix: String) -> String? {
    keyword.hasPrefix(prefix) ? String(keyword.dropFirst(prefix.count)) : nil
  }

  static func number(_ record: PaxRecords.Record) throws(TarFault) -> Int64 {
    guard let number = TarNumber.decimal(record.value[...]) else {
      throw TarFault("the value of \(record.keyword) in an extended header is no number that is possible there")
    }
    return number
  }

  private static func time(_ record: PaxRecords.Record) throws(TarFault) -> TarTime {
    guard let time = TarTime(decimal: record.value[...]) else {
      throw TarFault("the value of \(record.keyword) in an extended header is no time")
    }
    return time
  }

  /// A name that must be there and be whole: what stands behind a NUL, one program would read and another would not.
  static func name(_ record: PaxRecords.Record) throws(TarFault) -> TarName {
    let name = try text(record)
    guard !name.bytes.isEmpty else { throw TarFault("an extended header takes its \(record.keyword) away") }
    return name
  }

  private static func text(_ record: PaxRecords.Record) throws(TarFault) -> TarName {
    guard !record.value.contains(0) else {
      throw TarFault("the value of \(record.keyword) in an extended header has a NUL in it")
    }
    return TarName(record.value)
  }

  private static func checkCharacters(_ record: PaxRecords.Record) throws(TarFault) {
    let known = ["BINARY", "ISO-IR 10646 2000 UTF-8"].map { Array($0.utf8) }
    guard known.contains(record.value) else { throw TarFault("its names are in a character set that is not read") }
  }
}
