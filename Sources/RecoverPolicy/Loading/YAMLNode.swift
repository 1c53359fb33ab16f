internal import RecoverCore

/// A value of a YAML document with its place, free of everything that policies don't use.
struct YAMLNode: Sendable {
  var place: Place
  var content: Content

  indirect enum Content: Sendable {
    /// A text, and whether it stands without quotes and so may be a number or a boolean.
    case scalar(String, isPlain: Bool)
    case list([YAMLNode])
    case mapping([YAMLEntry])
    /// What was refused already; nothing more is said about it.
    case refused
  }
}

/// One key of a mapping with its value.
struct YAMLEntry: Sendable {
  var key: String
  var place: Place
  var value: YAMLNode
}

extension YAMLNode {
  /// The entries of a mapping; none for anything else.
  var entries: [YAMLEntry] { if case .mapping(let entries) = content { entries } else { [] } }

  /// The elements of a list; none for anything else.
  var elements: [YAMLNode] { if case .list(let elements) = content { elements } else { [] } }

  /// The value at a key of a mapping.
  subscript(key: String) -> YAMLNode? { entries.first { $0.key == key }?.value }

  /// The text of a scalar.
  var text: String? { if case .scalar(let text, _) = content { text } else { nil } }
}
