internal import RecoverBase
internal import RecoverCore

/// Reads a YAML tree by its shape: collects every error, and gives the value with defaults filled in.
///
/// Messages name the key and never show a value, which may be a secret; what is shown is what the user wrote
/// where a name or a word was expected.
struct ShapeReader {
  /// What relative paths start from, absolute.
  var root: String
  var diagnostics: [PolicyDiagnostic] = []
  /// References that were read, checked against ``definitions`` at the end.
  private var references: [Reference] = []
  private var definitions: [Namespace: [String]] = [:]

  private struct Reference {
    var namespace: Namespace
    var name: String
    var place: Place
    var path: String
  }

  init(root: String) { self.root = root }

  /// Reads a whole file.
  ///
  /// - Returns: nil when anything is wrong; ``diagnostics`` says what.
  mutating func readFile(_ node: YAMLNode, as record: Record) -> JSONValue? {
    let value = readRecord(node, record, "")
    checkReferences()
    return diagnostics.isEmpty ? value : nil
  }

  /// Reads one value.
  ///
  /// - Parameter path: the keys that lead to it: `databases.app.url`.
  mutating func read(_ node: YAMLNode, _ shape: Shape, _ path: String) -> JSONValue? {
    if case .refused = node.content { return nil }
    switch shape {
    case .text(let form): return readText(node, form, path)
    case .choice(let words): return readChoice(node, words, path)
    case .integer(let range): return readInteger(node, range, path)
    case .boolean: return readBoolean(node, path)
    case .duration(let minimum): return readDuration(node, minimum, path)
    case .size: return readSize(node, path)
    case .command: return readCommand(node, path)
    case .reference(let namespace): return readReference(node, namespace, path)
    case .list(let element, let rule): return readList(node, element, rule, path)
    case .oneOrMany(let element): return readOneOrMany(node, element, path)
    case .names(let element, let namespace): return readNames(node, element, namespace, path)
    case .textMap: return readTextMap(node, path)
    case .record(let record): return readRecord(node, record, path)
    case .parameters: return readParameters(node, path)
    }
  }

  mutating func report(_ place: Place, _ message: String, hint: String? = nil) {
    diagnostics.append(PolicyDiagnostic(place: place, message: message, hint: hint))
  }

  /// Says that a value is not what its key needs.
  ///
  /// - Parameter expectation: what it must be, for a sentence that ends with it.
  mutating func reportType(_ node: YAMLNode, _ path: String, _ expectation: String, hint: String? = nil) {
    if case .scalar(let text, let isPlain) = node.content, PlainScalar.isNull(text, isPlain: isPlain) {
      report(node.place, "`\(path)` has no value", hint: "give it \(expectation), or delete the key")
    } else {
      report(node.place, "`\(path)` must be \(expectation)", hint: hint)
    }
  }
}

extension ShapeReader {
  mutating func define(_ names: [String], in namespace: Namespace) {
    definitions[namespace, default: []] += names
  }

  mutating func readReference(_ node: YAMLNode, _ namespace: Namespace, _ path: String) -> JSONValue? {
    guard let value = readText(node, .line, path), let name = value.string else { return nil }
    references.append(Reference(namespace: namespace, name: name, place: node.place, path: path))
    return value
  }

  private mutating func checkReferences() {
    for reference in references {
      let known = definitions[reference.namespace] ?? []
      guard !known.contains(reference.name) else { continue }
      let kind = reference.namespace.singular
      report(
        reference.place, "`\(reference.path)` names the \(kind) `\(reference.name)`, which is not defined",
        hint: NearestName.hint(reference.name, among: known) ?? "define it under `\(reference.namespace.rawValue)`")
    }
  }
}
