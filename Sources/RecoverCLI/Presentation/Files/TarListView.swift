internal import ArchiveKit
internal import RecoverBase

/// The members of an archive, printed while they are read: nothing grows with their number.
enum TarListView {
  /// Lists an archive; refused, behind what was listed, where it is not whole, or can't be restored as it is.
  static func run(_ file: TarFile, _ budget: TarBudget, isJSON: Bool) async throws -> ExitStatus {
    try await BlockingThread.run("recover-tar") { interruption in
      var output = LineBuffer()
      var reader = try file.open(budget: budget, interruption)
      var count: Int64 = 0
      var names = TreeNames()
      var refusal: (any Error)?
      do {
        while let member = try reader.next() {
          count += 1
          // All of it is shown: who looks at an archive that is refused wants to see why.
          if refusal == nil {
            do { try names.add(member) } catch { refusal = error }
          }
          output.add(isJSON ? try JSONLines.line(.object(row(of: member))) : line(of: member))
        }
      } catch {
        output.flush()
        throw error
      }
      if let refusal {
        output.flush()
        throw refusal
      }
      if isJSON {
        output.add(
          try JSONLines.line([
            "kind": "summary", "state": "done", "exit": 0, "members": .integer(count),
            "left-out": .integer(reader.leftOut.members.count),
          ]))
      }
      output.flush()
      return .success
    }
  }

  /// One line: kind and mode, owners, size, time in UTC, name and where a link points.
  static func line(of member: TarMember) -> String {
    let owners = "\(text(of: member.user))/\(text(of: member.group))"
    let size =
      switch member.kind {
      case .characterDevice(let device), .blockDevice(let device): "\(device.major),\(device.minor)"
      default: "\(member.size)"
      }
    let width = max(1, 28 - owners.utf8.count)
    let padding = String(repeating: " ", count: max(1, width - size.utf8.count))
    let line = "\(member.modeText) \(owners)\(padding)\(size) \(member.modified) \(member.name)\(link(of: member))"
    return TerminalText.safe(line)
  }

  private static func text(of owner: TarMember.Owner) -> String {
    owner.name.bytes.isEmpty ? "\(owner.number)" : "\(owner.name)"
  }

  private static func link(of member: TarMember) -> String {
    switch member.kind {
    case .symbolicLink(let target): " -> \(target)"
    case .hardLink(let target): " link to \(target)"
    default: ""
    }
  }

  /// A member as JSON; names that are no UTF-8 are also there as hexadecimal digits.
  static func row(of member: TarMember) -> [String: JSONValue] {
    var row: [String: JSONValue] = [
      "kind": "member", "type": .string(member.kindText), "mode": .string("0" + String(member.mode, radix: 8)),
      "uid": .integer(Int64(member.user.number)), "gid": .integer(Int64(member.group.number)),
      "size": .integer(member.size), "modified": .string(time(member.modified)), "offset": .integer(member.offset),
    ]
    put(member.name, "name", &row)
    if !member.user.name.bytes.isEmpty { put(member.user.name, "user", &row) }
    if !member.group.name.bytes.isEmpty { put(member.group.name, "group", &row) }
    if let target = member.linkTarget { put(target, "target", &row) }
    if member.sparse != nil { row["data-bytes"] = .integer(member.dataBytes) }
    if !member.attributes.isEmpty { row["attributes"] = .array(member.attributes.map { .string($0.name) }) }
    if case .characterDevice(let device) = member.kind { row["device"] = .string("\(device.major):\(device.minor)") }
    if case .blockDevice(let device) = member.kind { row["device"] = .string("\(device.major):\(device.minor)") }
    return row
  }

  private static func put(_ name: TarName, _ key: String, _ row: inout [String: JSONValue]) {
    if let text = String(validating: name.bytes, as: UTF8.self) {
      row[key] = .string(text)
    } else {
      row[key] = .string("\(name)")
      let digits = name.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
      row["\(key)-hex"] = .string(digits.joined())
    }
  }

  /// RFC 3339.
  private static func time(_ time: TarTime) -> String { "\(time)".replacing(" ", with: "T") + "Z" }
}
