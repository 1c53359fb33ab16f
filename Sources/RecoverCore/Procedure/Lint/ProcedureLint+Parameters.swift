internal import RecoverBase

extension ProcedureLint {
  /// Parameters that are unknown, missing, or of the wrong type.
  static func parameterErrors(_ steps: [CheckedStep]) -> [PolicyDiagnostic] {
    steps.flatMap { entry in
      guard let signature = entry.signature else { return [PolicyDiagnostic]() }
      return given(entry, signature) + missing(entry, signature)
    }
  }

  private static func given(_ entry: CheckedStep, _ signature: StepSignature) -> [PolicyDiagnostic] {
    let types = Dictionary(signature.parameters.map { ($0.name, $0.type) }, uniquingKeysWith: { first, _ in first })
    return entry.step.with.sorted { $0.key < $1.key }.compactMap { name, value in
      let place = entry.step.places.parameters[name] ?? entry.step.places.step
      guard let type = types[name] else {
        return PolicyDiagnostic(
          place: place, message: "`\(signature.uses)` has no parameter `\(name)`",
          hint: NearestName.hint(name, among: types.keys) ?? parameterList(signature))
      }
      guard !type.accepts(value) else { return nil }
      let isScalar = value.string == nil && value.array == nil && value.object == nil
      return PolicyDiagnostic(
        place: place, message: "parameter `\(name)` of `\(signature.uses)` must be \(type.expectation)",
        hint: isScalar && type.accepts(.string("text")) ? "put it in quotes" : nil)
    }
  }

  private static func missing(_ entry: CheckedStep, _ signature: StepSignature) -> [PolicyDiagnostic] {
    signature.parameters.filter { $0.isRequired && entry.step.with[$0.name] == nil }.map { parameter in
      PolicyDiagnostic(
        place: entry.step.places.step, message: "\(entry.name) lacks the parameter `\(parameter.name)`",
        hint: "`\(signature.uses)` needs `with: {\(parameter.name): ...}`: \(parameter.type.expectation)")
    }
  }

  private static func parameterList(_ signature: StepSignature) -> String {
    let names = signature.parameters.map { "`\($0.name)`" }
    return names.isEmpty ? "it takes no parameters" : "it takes \(names.joined(separator: ", "))"
  }
}
