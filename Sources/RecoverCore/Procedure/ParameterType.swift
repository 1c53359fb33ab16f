package import RecoverBase

/// What a step's parameter may be.
package enum ParameterType: Sendable, Hashable {
  case text
  /// One of a few words.
  case choice([String])
  case integer
  case boolean
  /// Text such as `1h30m`.
  case duration
  /// Text such as `20 GB`, or a number of bytes.
  case size
  /// A line for the shell, or a list of arguments.
  case command
  case textList
  /// Names of the user's choosing, each with a text: headers, an environment.
  case textMap
  case any
}

extension ParameterType {
  /// Whether a value has this type.
  package func accepts(_ value: JSONValue) -> Bool {
    switch self {
    case .text: value.string != nil
    case .choice(let words): value.string.map(words.contains) ?? false
    case .integer: value.integer != nil
    case .boolean: value.bool != nil
    case .duration: value.string.flatMap(Duration.init(text:)) != nil
    case .size: value.string.flatMap(ByteCount.init(text:)) != nil || (value.integer ?? -1) >= 0
    case .command: value.string?.isEmpty == false || Self.isTextList(value) && value.array?.isEmpty == false
    case .textList: Self.isTextList(value)
    case .textMap: value.object?.values.allSatisfy { $0.string != nil } ?? false
    case .any: true
    }
  }

  /// What to write, for a message: `a duration such as 500ms, 90s, 1h30m or 7d`.
  package var expectation: String {
    switch self {
    case .text: "a text"
    case .choice(let words): "one of " + words.map { "`\($0)`" }.joined(separator: ", ")
    case .integer: "a whole number"
    case .boolean: "`true` or `false`"
    case .duration: "a duration such as `500ms`, `90s`, `1h30m` or `7d`"
    case .size: "a size such as `20 GB` or `512 MiB`"
    case .command: "a command: a text for the shell, or a list of arguments"
    case .textList: "a list of texts"
    case .textMap: "a mapping of names to texts"
    case .any: "any value"
    }
  }

  private static func isTextList(_ value: JSONValue) -> Bool {
    value.array?.allSatisfy { $0.string != nil } ?? false
  }
}
