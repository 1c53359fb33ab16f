internal import RecoverBase
internal import RecoverCore

extension ShapeReader {
  mutating func readList(_ node: YAMLNode, _ element: Shape, _ rule: ListRule, _ path: String) -> JSONValue? {
    guard case .list(let nodes) = node.content else {
      reportType(node, path, "a list", hint: node.text == nil ? nil : "write it as `[...]`")
      return nil
    }
    if case .notEmpty = rule, nodes.isEmpty { report(node.place, "`\(path)` must not be empty") }
    let values = nodes.enumerated().map { index, child in read(child, element, "\(path)[\(index)]") }
    checkRepetition(nodes, values, rule, path)
    return .array(values.compactMap(\.self))
  }

  private mutating func checkRepetition(
    _ nodes: [YAMLNode], _ values: [JSONValue?], _ rule: ListRule, _ path: String
  ) {
    var seen: Set<String> = []
    for (node, value) in zip(nodes, values) {
      let identity: String?
      switch rule {
      case .unique: identity = value?.string
      case .uniqueBy(let key): identity = value?[key]?.string
      case .ordered, .notEmpty: identity = nil
      }
      guard let identity, !seen.insert(identity).inserted else { continue }
      report(node.place, "`\(path)` has `\(identity)` twice", hint: "delete one of them")
    }
  }

  mutating func readOneOrMany(_ node: YAMLNode, _ element: Shape, _ path: String) -> JSONValue? {
    if case .list = node.content { return readList(node, element, .notEmpty, path) }
    return read(node, element, path).map { [$0] }
  }

  mutating func readNames(
    _ node: YAMLNode, _ element: Shape, _ namespace: Namespace?, _ path: String
  ) -> JSONValue? {
    guard case .mapping(let entries) = node.content else {
      reportType(node, path, "a mapping of names")
      return nil
    }
    if let namespace { define(entries.map(\.key), in: namespace) }
    var values: [String: JSONValue] = [:]
    for entry in entries {
      if let problem = TextForm.name.problem(of: entry.key) {
        report(entry.place, "a key of `\(path)` \(problem.message)", hint: problem.hint)
      }
      values[entry.key] = read(entry.value, element, "\(path).\(entry.key)")
    }
    return .object(values)
  }

  mutating func readTextMap(_ node: YAMLNode, _ path: String) -> JSONValue? {
    guard case .mapping(let entries) = node.content else {
      reportType(node, path, "a mapping of names to texts")
      return nil
    }
    var values: [String: JSONValue] = [:]
    for entry in entries {
      guard case .scalar(let text, let isPlain) = entry.value.content else {
        reportType(entry.value, "\(path).\(entry.key)", "a text")
        continue
      }
      // `PORT: 8080` means the text 8080; a value that YAML would change is better written out.
      if isPlain, PlainScalar.isNull(text, isPlain: true) {
        report(entry.value.place, "`\(path).\(entry.key)` has no value", hint: "write `\"\"` for an empty text")
        continue
      }
      let isUsable = !entry.key.isEmpty && !"\(entry.key)\(text)".contains("\0") && !entry.key.contains("=")
      guard isUsable else {
        report(entry.place, "a key of `\(path)` can't be used as a name")
        continue
      }
      values[entry.key] = .string(text)
    }
    return .object(values)
  }

  mutating func readCommand(_ node: YAMLNode, _ path: String) -> JSONValue? {
    switch node.content {
    case .scalar:
      return readText(node, .anything, path)
    case .list(let nodes):
      guard !nodes.isEmpty else {
        report(node.place, "`\(path)` must not be empty")
        return nil
      }
      return .array(nodes.enumerated().compactMap { index, child in readArgument(child, "\(path)[\(index)]") })
    case .mapping, .refused:
      reportType(node, path, "a command: a text for the shell, or a list of arguments")
      return nil
    }
  }

  /// One argument: any scalar is the text that it is written as, the empty one only in quotes.
  private mutating func readArgument(_ node: YAMLNode, _ path: String) -> JSONValue? {
    guard case .scalar(let text, let isPlain) = node.content, !(isPlain && text.isEmpty) else {
      reportType(node, path, "a text")
      return nil
    }
    guard !text.contains("\0") else {
      report(node.place, "`\(path)` has a control character")
      return nil
    }
    return .string(text)
  }

  mutating func readParameters(_ node: YAMLNode, _ path: String) -> JSONValue? {
    guard case .mapping(let entries) = node.content else {
      reportType(node, path, "a mapping")
      return nil
    }
    return .object(
      Dictionary(entries.map { ($0.key, Self.freeform($0.value)) }, uniquingKeysWith: { _, last in last }))
  }

  /// Any YAML value as it is.
  private static func freeform(_ node: YAMLNode) -> JSONValue {
    switch node.content {
    case .scalar(let text, let isPlain): isPlain ? PlainScalar.value(text) : .string(text)
    case .list(let nodes): .array(nodes.map(freeform))
    case .mapping(let entries):
      .object(Dictionary(entries.map { ($0.key, freeform($0.value)) }, uniquingKeysWith: { _, last in last }))
    case .refused: .null
    }
  }
}
