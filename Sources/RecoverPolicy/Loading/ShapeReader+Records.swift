internal import RecoverBase
internal import RecoverCore

extension ShapeReader {
  mutating func readRecord(_ node: YAMLNode, _ record: Record, _ path: String) -> JSONValue? {
    guard case .mapping(let entries) = node.content else {
      if case .refused = node.content { return nil }
      if path.isEmpty {
        report(node.place, "the file must be a mapping of keys to values")
      } else {
        reportType(node, path, "a mapping")
      }
      return nil
    }
    let before = diagnostics.count
    var values: [String: JSONValue] = [:]
    for entry in entries {
      guard let field = record.field(entry.key) else {
        reportUnknown(entry, record, path)
        continue
      }
      values[entry.key] = read(entry.value, field.shape, join(path, entry.key))
    }
    checkPresence(node, entries, record, path)
    fillIn(&values, record)
    // A rule looks at the record as a whole, so it speaks only where the parts are right.
    if diagnostics.count == before, let violation = record.rule?(values) {
      let place = entries.first { $0.key == violation.key }?.value.place ?? node.place
      report(place, "`\(join(path, violation.key))`: \(violation.message)", hint: violation.hint)
    }
    return .object(values)
  }

  private mutating func reportUnknown(_ entry: YAMLEntry, _ record: Record, _ path: String) {
    let known = record.fields.map(\.key)
    let owner = path.isEmpty ? "" : " in `\(path)`"
    let list = known.map { "`\($0)`" }.joined(separator: ", ")
    report(
      entry.place, "unknown key `\(entry.key)`\(owner)",
      hint: NearestName.hint(entry.key, among: known) ?? "the keys there are \(list)")
  }

  /// Reports required keys that are missing, and keys that exclude each other.
  private mutating func checkPresence(_ node: YAMLNode, _ entries: [YAMLEntry], _ record: Record, _ path: String) {
    let keys = Set(entries.map(\.key))
    let owner = path.isEmpty ? "the file" : "`\(path)`"
    for field in record.fields {
      guard case .required = field.presence, !keys.contains(field.key) else { continue }
      report(node.place, "\(owner) lacks the key `\(field.key)`", hint: "\(field.key): \(field.summary)")
    }
    guard !record.exactlyOne.isEmpty else { return }
    let given = entries.filter { record.exactlyOne.contains($0.key) }
    let list = record.exactlyOne.map { "`\($0)`" }.joined(separator: ", ")
    if given.isEmpty {
      report(node.place, "\(owner) needs one of \(list)")
    } else if let second = given.dropFirst().first {
      report(
        second.place, "\(owner) has both `\(given[0].key)` and `\(second.key)`", hint: "keep exactly one of \(list)")
    }
  }

  private func fillIn(_ values: inout [String: JSONValue], _ record: Record) {
    for field in record.fields where values[field.key] == nil {
      switch field.presence {
      case .required, .optional: break
      case .defaulted(let value): values[field.key] = value
      case .root: values[field.key] = .string(root)
      }
    }
  }

  private func join(_ path: String, _ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }
}
