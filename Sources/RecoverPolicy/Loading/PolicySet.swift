internal import RecoverBase
package import RecoverCore

/// Everything that policies say: the environment, and the procedures by name.
package struct PolicySet: Sendable, Hashable {
  /// What the environment file says; the empty policy without one.
  package var policy: Policy
  /// The environment file; nil where there is none.
  package var environmentFile: String?
  /// Every procedure: the built-in ones, replaced and joined by those of the directory.
  package var procedures: [String: SourcedProcedure]

  package init(policy: Policy, environmentFile: String?, procedures: [String: SourcedProcedure]) {
    self.policy = policy
    self.environmentFile = environmentFile
    self.procedures = procedures
  }
}

/// A procedure, and where it comes from.
package struct SourcedProcedure: Sendable, Hashable {
  package var procedure: Procedure
  package var source: ProcedureSource

  package init(procedure: Procedure, source: ProcedureSource) {
    self.procedure = procedure
    self.source = source
  }
}

/// Where a procedure comes from.
package enum ProcedureSource: Sendable, Hashable {
  case builtIn
  case file(String)
}

extension PolicySet {
  /// The procedure of a name.
  ///
  /// - Throws: ``RecoverError`` `usage` with the nearest name when there is none.
  package func procedure(named name: String) throws -> Procedure {
    if let found = procedures[name] { return found.procedure }
    let known = procedures.keys.sorted().map { "`\($0)`" }.joined(separator: ", ")
    throw RecoverError(
      .usage, "no procedure `\(name)`",
      hint: NearestName.hint(name, among: procedures.keys) ?? "there are \(known)")
  }

  /// What ``ProcedureLint`` finds in all of them, by name.
  ///
  /// - Parameter known: the definitions of all steps.
  package func lint(known: [StepSignature]) -> PolicyDiagnostics {
    let table = ProcedureLint.table(known)
    let entries = procedures.sorted { $0.key < $1.key }.flatMap { _, loaded in
      ProcedureLint.check(loaded.procedure, known: table).entries
    }
    return PolicyDiagnostics(entries)
  }
}
