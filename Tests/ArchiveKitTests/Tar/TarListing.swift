internal import RecoverBase
internal import RecoverTestSupport

@testable internal import ArchiveKit

/// The fields of `tar -tv --numeric-owner --full-time`, as GNU tar prints them and as our members have them.
struct TarListing: Hashable, CustomStringConvertible {
  var mode: String
  var owners: String
  var size: String
  var time: String
  /// With ` -> ` or ` link to ` and the target.
  var name: [UInt8]

  var description: String { "\(mode) \(owners) \(size) \(time) \(TarName(name))" }

  /// What GNU tar says of an archive.
  ///
  /// - Returns: nil where it exits with an error.
  static func gnu(_ path: String) throws -> [TarListing]? {
    let result = try TestProcess.run(
      ["tar", "--list", "--verbose", "--numeric-owner", "--full-time", "--quoting-style=escape", "--file", path],
      environment: ["LC_ALL": "C", "TZ": "UTC"])
    guard result.status == 0 else { return nil }
    return result.output.split(separator: UInt8(ascii: "\n")).compactMap { TarListing(line: Array($0)) }
  }

  /// One line: five fields and the name, with runs of spaces between.
  private init?(line: [UInt8]) {
    var fields: [String] = []
    var rest = line[...]
    while fields.count < 5 {
      rest = rest.drop { $0 == UInt8(ascii: " ") }
      let field = rest.prefix { $0 != UInt8(ascii: " ") }
      guard !field.isEmpty else { return nil }
      fields.append(String(decoding: field, as: UTF8.self))
      rest = rest[field.endIndex...]
    }
    mode = fields[0]
    owners = fields[1]
    size = fields[2]
    time = "\(fields[3]) \(fields[4])"
    // The time is filled up to the widest before it; no name of the tests begins with a space.
    name = Array(rest.drop { $0 == UInt8(ascii: " ") })
  }

  init(_ member: TarMember) {
    mode = member.modeText
    owners = "\(member.user.number)/\(member.group.number)"
    size =
      switch member.kind {
      case .characterDevice(let device), .blockDevice(let device): "\(device.major),\(device.minor)"
      case .directory: "\(member.dataBytes)"
      default: "\(member.size)"
      }
    time = "\(member.modified)"
    name = Self.escaped(member.name)
    switch member.kind {
    case .symbolicLink(let target): name += Array(" -> ".utf8) + Self.escaped(target)
    case .hardLink(let target): name += Array(" link to ".utf8) + Self.escaped(target)
    default: break
    }
    if member.kind == .directory, name.last != UInt8(ascii: "/") { name.append(UInt8(ascii: "/")) }
  }

  /// As GNU tar escapes in the C locale: everything that is not printable ASCII.
  private static func escaped(_ name: TarName) -> [UInt8] {
    name.bytes.flatMap { byte -> [UInt8] in
      if byte < 0x80 { return Array("\(TarName([byte]))".utf8) }
      return Array("\\\(String(byte, radix: 8))".utf8)
    }
  }
}
