internal import FoundationEssentials
package import RecoverBase
package import RecoverCore

/// The JSON Schema (draft 2020-12) of policy files, for editors: what `recover policy schema` prints.
package enum PolicySchema {
  /// One schema for both kinds of files: a file with `procedure` or `steps` is a procedure.
  ///
  /// - Parameter steps: the definitions that procedures can use; with none, any `uses` and `with` pass.
  package static func document(steps: [StepSignature] = []) -> JSONValue {
    var writer = JSONSchemaWriter()
    let environment = writer.reference(to: EnvironmentSchema.root)
    let procedure = writer.reference(to: ProcedureSchema.root)
    var definitions = writer.definitions
    if !steps.isEmpty { definitions[ProcedureSchema.step.name] = writer.step(using: steps) }
    return [
      "$schema": "https://json-schema.org/draft/2020-12/schema",
      "title": "recover policy",
      "if": ["anyOf": [["required": ["procedure"]], ["required": ["steps"]]]],
      "then": procedure,
      "else": environment,
      "$defs": .object(definitions),
    ]
  }

  /// The document as text: indented, with sorted keys.
  package static func text(steps: [StepSignature] = []) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(document(steps: steps)), as: UTF8.self)
  }
}
