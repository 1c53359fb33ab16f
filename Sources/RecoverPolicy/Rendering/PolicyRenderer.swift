internal import RecoverBase
package import RecoverCore

/// Prints what is in force: the policy with its defaults filled in, and every procedure, each with its origin.
///
/// Each part is a YAML document that ``PolicyParser`` reads back to the same value.
package enum PolicyRenderer {
  /// The environment, then the procedures in alphabetical order.
  package static func text(of set: PolicySet) throws -> String {
    var parts: [String] = []
    if let file = set.environmentFile {
      parts.append("# environment, from \(file)\n" + (try text(of: set.policy)))
    } else {
      parts.append("# no environment file: the environment is unspecified\n")
    }
    for (_, loaded) in set.procedures.sorted(by: { $0.key < $1.key }) {
      let origin =
        switch loaded.source {
        case .builtIn: "built in"
        case .file(let file): "from \(file)"
        }
      parts.append("# procedure, \(origin)\n" + (try text(of: loaded.procedure)))
    }
    return parts.joined(separator: "---\n")
  }

  /// An environment file; paths are absolute.
  package static func text(of policy: Policy) throws -> String {
    var value = try JSONValue(encoding: policy).object ?? [:]
    value["version"] = .integer(EnvironmentSchema.version)
    return text(of: .object(value), EnvironmentSchema.root, defaults: .marked)
  }

  /// A procedure file.
  package static func text(of procedure: Procedure) throws -> String {
    text(of: try JSONValue(encoding: procedure), ProcedureSchema.root, defaults: .omitted)
  }

  private static func text(of value: JSONValue, _ record: Record, defaults: ShapeRenderer.Defaults) -> String {
    var renderer = ShapeRenderer(defaults: defaults)
    renderer.write(value, as: record, indentation: 0)
    return renderer.lines.joined(separator: "\n") + "\n"
  }
}
