internal import RecoverBase

/// Writes a value as YAML, in the order of its shape's keys.
struct ShapeRenderer {
  /// What becomes of values that equal their key's default.
  enum Defaults {
    case marked, omitted
  }

  var defaults: Defaults
  private(set) var lines: [String] = []

  init(defaults: Defaults) { self.defaults = defaults }

  /// Writes the keys of a record.
  ///
  /// - Parameter indentation: in spaces.
  mutating func write(_ value: JSONValue, as record: Record, indentation: Int) {
    for field in record.fields {
      guard let member = value[field.key] else { continue }
      var comment = ""
      if case .defaulted(let standard) = field.presence, standard == member {
        guard defaults == .marked else { continue }
        comment = "  # default"
      }
      write(key: field.key, member, field.shape, indentation, comment)
    }
  }

  private mutating func write(
    key: String, _ value: JSONValue, _ shape: Shape, _ indentation: Int, _ comment: String = ""
  ) {
    let start = String(repeating: " ", count: indentation) + YAMLText.inline(key) + ":"
    switch (shape, value) {
    case (.oneOrMany(let element), .array(let values)) where values.count == 1:
      write(key: key, values[0], element, indentation, comment)
    case (_, .array(let values)) where values.isEmpty || values.allSatisfy(Self.isShortScalar):
      lines.append("\(start) \(Self.flow(value))\(comment)")
    case (.list(let element, _), .array(let values)), (.oneOrMany(let element), .array(let values)):
      lines.append(start + comment)
      for child in values { writeElement(child, element, indentation + 2) }
    case (.record(let record), .object):
      lines.append(start + comment)
      write(value, as: record, indentation: indentation + 2)
    case (.names(let element, _), .object(let members)) where !members.isEmpty:
      lines.append(start + comment)
      for (name, member) in members.sorted(by: { $0.key < $1.key }) {
        write(key: name, member, element, indentation + 2)
      }
    case (.textMap, .object(let members)) where !members.isEmpty,
      (.parameters, .object(let members)) where !members.isEmpty:
      lines.append(start + comment)
      for (name, member) in members.sorted(by: { $0.key < $1.key }) {
        write(key: name, member, .text(.anything), indentation + 2)
      }
    case (.duration, .string(let text)):
      lines.append("\(start) \(text)\(comment)")
    case (.text, .string(let text)), (.command, .string(let text)):
      lines.append("\(start) \(YAMLText.scalar(text, indentation: indentation + 2))\(comment)")
    default:
      lines.append("\(start) \(Self.flow(value))\(comment)")
    }
  }

  private mutating func writeElement(_ value: JSONValue, _ shape: Shape, _ indentation: Int) {
    let margin = String(repeating: " ", count: indentation)
    guard case .record(let record) = shape else {
      lines.append("\(margin)- \(Self.flow(value))")
      return
    }
    let first = lines.count
    write(value, as: record, indentation: indentation + 2)
    guard first < lines.count else { return lines.append("\(margin)- {}") }
    lines[first] = "\(margin)- \(lines[first].dropFirst(indentation + 2))"
  }

  private static func isShortScalar(_ value: JSONValue) -> Bool {
    switch value {
    case .null, .bool, .integer, .number: true
    case .string(let text): text.utf8.count <= 40
    case .array, .object: false
    }
  }

  /// A value on one line (YAML 1.2.2, 7.4); texts in double quotes unless they are plain words.
  static func flow(_ value: JSONValue) -> String {
    switch value {
    case .null: "null"
    case .bool(let flag): flag ? "true" : "false"
    case .integer(let number): "\(number)"
    case .number(let number): "\(number)"
    case .string(let text): YAMLText.inline(text)
    case .array(let values): "[\(values.map(flow).joined(separator: ", "))]"
    case .object(let members):
      "{"
        + members.sorted { $0.key < $1.key }.map { "\(YAMLText.inline($0.key)): \(flow($0.value))" }
        .joined(separator: ", ") + "}"
    }
  }
}
