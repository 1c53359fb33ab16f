internal import RecoverBase
package import RecoverCore

/// Reads the text of policy files.
package enum PolicyParser {
  /// Reads an environment file.
  ///
  /// - Parameters:
  ///   - file: its path as messages name it.
  ///   - directory: the directory that holds it, absolute; relative paths are found from there.
  /// - Throws: ``RecoverError`` `policyInvalid` with every error of the file.
  package static func environment(_ text: String, file: String, directory: String) throws -> Policy {
    let result = readEnvironment(text, file: file, directory: directory)
    try PolicyDiagnostics(result.diagnostics).throwIfAny()
    return try result.value.orBug(file)
  }

  /// Reads a procedure file.
  ///
  /// - Throws: ``RecoverError`` `policyInvalid` with every error of the file; whether its steps exist and go
  ///   together is for ``ProcedureLint``.
  package static func procedure(_ text: String, file: String) throws -> Procedure {
    let result = readProcedure(text, file: file)
    try PolicyDiagnostics(result.diagnostics).throwIfAny()
    return try result.value.orBug(file)
  }
}

extension PolicyParser {
  /// What was read of a file: a value, or what is wrong with it.
  struct Result<Value> {
    var value: Value?
    var diagnostics: [PolicyDiagnostic]
  }

  static func readEnvironment(_ text: String, file: String, directory: String) -> Result<Policy> {
    let (node, diagnostics) = YAMLDocument.parse(text, file: file)
    guard let node else { return Result(diagnostics: diagnostics) }
    let root = PathText.absolute(node["root"]?.text ?? EnvironmentSchema.standardRoot, from: directory)
    return read(node, EnvironmentSchema.root, root: root, diagnostics)
  }

  static func readProcedure(_ text: String, file: String) -> Result<Procedure> {
    let (node, diagnostics) = YAMLDocument.parse(text, file: file)
    guard let node else { return Result(diagnostics: diagnostics) }
    if case .mapping(let entries) = node.content, !entries.contains(where: { ["procedure", "steps"].contains($0.key) })
    {
      return Result(diagnostics: [notAProcedure(node)])
    }
    var result: Result<Procedure> = read(node, ProcedureSchema.root, root: "/", diagnostics)
    for (index, step) in (node["steps"]?.elements ?? []).enumerated() {
      result.value?.steps[index].places = places(of: step)
    }
    return result
  }

  /// Said once, instead of an error for each key of a file that is something else altogether.
  private static func notAProcedure(_ node: YAMLNode) -> PolicyDiagnostic {
    PolicyDiagnostic(
      place: node.place, message: "the file is no procedure: it has neither `procedure` nor `steps`",
      hint: "an environment file is named environment.yaml; with --policy, name a directory without other tools' files")
  }

  private static func read<Value: Decodable>(
    _ node: YAMLNode, _ record: Record, root: String, _ earlier: [PolicyDiagnostic]
  ) -> Result<Value> {
    var reader = ShapeReader(root: root)
    let value = reader.readFile(node, as: record)
    let diagnostics = earlier + reader.diagnostics
    guard diagnostics.isEmpty, let value else { return Result(diagnostics: diagnostics) }
    // The schema has checked everything that decoding needs; what fails here is caught as a bug.
    return Result(value: try? value.decoded(as: Value.self), diagnostics: [])
  }

  private static func places(of step: YAMLNode) -> StepPlaces {
    let parameters = step["with"]?.entries.map { ($0.key, $0.place) } ?? []
    return StepPlaces(
      step: step.place, id: step["id"]?.place, uses: step["uses"]?.place,
      parameters: Dictionary(parameters, uniquingKeysWith: { first, _ in first }))
  }
}

extension Optional {
  /// The value of a file that was found right.
  fileprivate func orBug(_ file: String) throws -> Wrapped {
    guard let self else { throw RecoverError(.bug, "\(file) was found right, and can't be decoded") }
    return self
  }
}
