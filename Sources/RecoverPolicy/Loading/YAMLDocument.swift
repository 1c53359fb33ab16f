internal import RecoverCore
internal import Yams

/// Turns the text of a file into a tree with places, and refuses what policies don't use.
enum YAMLDocument {
  /// Longer files are refused before they are parsed.
  static let byteLimit = 1_000_000
  /// Deeper values are refused; the deepest that the schema knows have 7.
  static let depthLimit = 32

  /// Reads the one document of a file.
  ///
  /// What YAML itself refuses (and a key that a mapping has twice) ends the reading at once; anchors, tags and
  /// keys that are no text are all reported.
  static func parse(_ text: String, file: String) -> (root: YAMLNode?, diagnostics: [PolicyDiagnostic]) {
    let start = Place(file: file, line: 1, column: 1)
    guard text.utf8.count <= byteLimit else {
      let message = "the file has \(text.utf8.count) bytes; the most that is read is \(byteLimit)"
      return (nil, [PolicyDiagnostic(place: start, message: message)])
    }
    do {
      let parser = try Parser(yaml: text, resolver: .basic, encoding: .utf8)
      guard let root = try parser.singleRoot() else {
        return (nil, [PolicyDiagnostic(place: start, message: "the file is empty")])
      }
      var conversion = Conversion(file: file)
      // Nodes hold their anchors weakly: the parser owns them.
      let tree = withExtendedLifetime(parser) { conversion.convert(root, depth: 0) }
      return (tree, conversion.diagnostics)
    } catch let error as YamlError {
      return (nil, [diagnostic(of: error, file: file, text: text)])
    } catch {
      return (nil, [PolicyDiagnostic(place: start, message: "the file can't be read as YAML")])
    }
  }

  /// The tree that is built from the parser's.
  private struct Conversion {
    var file: String
    var diagnostics: [PolicyDiagnostic] = []

    mutating func convert(_ node: Node, depth: Int) -> YAMLNode {
      let place = place(of: node)
      guard isUsable(node, at: place, depth: depth) else { return YAMLNode(place: place, content: .refused) }
      switch node {
      case .scalar(let scalar):
        return YAMLNode(place: place, content: .scalar(scalar.string, isPlain: scalar.style == .plain))
      case .sequence(let sequence):
        return YAMLNode(place: place, content: .list(sequence.map { convert($0, depth: depth + 1) }))
      case .mapping(let mapping):
        return YAMLNode(
          place: place, content: .mapping(mapping.compactMap { entry(key: $0.key, value: $0.value, depth: depth) }))
      case .alias:
        return YAMLNode(place: place, content: .refused)
      }
    }

    private mutating func entry(key: Node, value: Node, depth: Int) -> YAMLEntry? {
      let node = convert(key, depth: depth + 1)
      switch node.content {
      case .scalar(let text, _):
        return YAMLEntry(key: text, place: node.place, value: convert(value, depth: depth + 1))
      case .list, .mapping:
        diagnostics.append(PolicyDiagnostic(place: node.place, message: "a key must be a text"))
        return nil
      case .refused:
        return nil
      }
    }

    /// Refuses anchors (and so aliases), tags, and what is nested too deep to be a policy.
    private mutating func isUsable(_ node: Node, at place: Place, depth: Int) -> Bool {
      if node.anchor != nil {
        diagnostics.append(
          PolicyDiagnostic(
            place: place, message: "anchors and aliases are not read", hint: "write the value out where it is used"))
        return false
      }
      if !Self.plainTags.contains(node.tag.description) {
        diagnostics.append(
          PolicyDiagnostic(place: place, message: "tags are not read", hint: "delete what starts with `!`"))
        return false
      }
      if depth > depthLimit {
        diagnostics.append(PolicyDiagnostic(place: place, message: "nested deeper than \(depthLimit) values"))
        return false
      }
      return true
    }

    private static let plainTags: Set<String> = [
      Tag.Name.str.rawValue, Tag.Name.seq.rawValue, Tag.Name.map.rawValue,
    ]

    private func place(of node: Node) -> Place {
      Place(file: file, line: node.mark?.line ?? 1, column: node.mark?.column ?? 1)
    }
  }
}

extension YAMLDocument {
  /// The parser's error with its place, without the parser's excerpt: that line may hold a secret.
  private static func diagnostic(of error: YamlError, file: String, text: String) -> PolicyDiagnostic {
    switch error {
    case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
      .composer(let context, let problem, let mark, _):
      let about = context.map { " \($0.text.trimmed)" } ?? ""
      return PolicyDiagnostic(place: place(mark, file), message: "not YAML\(about): \(problem.trimmed)")
    case .duplicatedKeysInMapping(let keys, let context):
      let names = keys.map { "`\($0)`" }.joined(separator: ", ")
      return PolicyDiagnostic(
        place: place(context.mark, file), message: "\(names) is there twice in the same mapping",
        hint: "the second one is further down; keep one of them")
    case .reader(let problem, let offset, _, _):
      return PolicyDiagnostic(
        place: place(at: offset ?? 0, of: text, file), message: "not YAML: \(problem.trimmed)",
        hint: "the file must be UTF-8 text without control characters")
    case .no, .memory, .writer, .emitter, .representer, .dataCouldNotBeDecoded:
      return PolicyDiagnostic(
        place: Place(file: file, line: 1, column: 1), message: "the file can't be read as YAML")
    }
  }

  private static func place(_ mark: Mark, _ file: String) -> Place {
    Place(file: file, line: mark.line, column: mark.column)
  }

  /// The place of a character, counted from the start of the text.
  private static func place(at offset: Int, of text: String, _ file: String) -> Place {
    var place = Place(file: file, line: 1, column: 1)
    for character in text.prefix(offset) {
      if character.isNewline {
        place.line += 1
        place.column = 1
      } else {
        place.column += character.unicodeScalars.count
      }
    }
    return place
  }
}

extension String {
  /// Without the white space around it.
  fileprivate var trimmed: String {
    var text = Substring(self)
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}
