internal import RecoverBase

/// The rules that a procedure has to keep, whatever it is planned for.
package enum ProcedureLint {
  /// Everything that is wrong with a procedure, in reading order.
  ///
  /// - Parameter known: the definitions of all steps, by the name that `uses` calls them by.
  package static func check(_ procedure: Procedure, known: [String: StepSignature]) -> PolicyDiagnostics {
    guard !procedure.steps.isEmpty else {
      return PolicyDiagnostics([
        PolicyDiagnostic(place: nil, message: "procedure `\(procedure.name)` has no steps")
      ])
    }
    let steps = procedure.steps.map { step in CheckedStep(step: step, signature: known[step.uses]) }
    return PolicyDiagnostics(
      unknownDefinitions(steps, known: known) + parameterErrors(steps) + duplicateNames(steps) + pivotErrors(steps)
        + openDebts(steps))
  }

  /// The table that ``check(_:known:)`` takes.
  package static func table(_ signatures: [StepSignature]) -> [String: StepSignature] {
    Dictionary(signatures.map { ($0.uses, $0) }, uniquingKeysWith: { _, last in last })
  }

  /// A step beside its definition; nil where there is none of that name.
  struct CheckedStep {
    var step: ProcedureStep
    var signature: StepSignature?
    var name: String { "step `\(step.id)`" }
  }
}

extension ProcedureLint {
  /// A `uses` that no definition has.
  static func unknownDefinitions(_ steps: [CheckedStep], known: [String: StepSignature]) -> [PolicyDiagnostic] {
    steps.filter { $0.signature == nil }.map { entry in
      PolicyDiagnostic(
        place: entry.step.places.uses ?? entry.step.places.step,
        message: "\(entry.name) uses `\(entry.step.uses)`, and there is no such step",
        hint: NearestName.hint(entry.step.uses, among: known.keys)
          ?? "`recover policy schema` lists the steps that there are")
    }
  }

  /// An id that an earlier step has.
  static func duplicateNames(_ steps: [CheckedStep]) -> [PolicyDiagnostic] {
    var first: [String: Place?] = [:]
    return steps.compactMap { entry in
      guard let earlier = first[entry.step.id] else {
        first[entry.step.id] = .some(entry.step.places.id)
        return nil
      }
      return PolicyDiagnostic(
        place: entry.step.places.id ?? entry.step.places.step, message: "a second step has the id `\(entry.step.id)`",
        hint: earlier.map { "the first one is at line \($0.line)" })
    }
  }

  /// More than one pivot, and a forward step that none comes before.
  static func pivotErrors(_ steps: [CheckedStep]) -> [PolicyDiagnostic] {
    var pivot: String?
    return steps.compactMap { entry in
      switch entry.signature?.kind {
      case .pivot:
        guard let earlier = pivot else {
          pivot = entry.name
          return nil
        }
        return PolicyDiagnostic(
          place: entry.step.places.step,
          message: "\(entry.name) is a second point of no return after \(earlier); a procedure has at most one")
      case .forward where pivot == nil:
        return PolicyDiagnostic(
          place: entry.step.places.step,
          message: "\(entry.name) is never undone, and no point of no return comes before it",
          hint: "put a step such as `run.accept` before it")
      case .readonly, .compensable, .forward, .finalizer, nil:
        return nil
      }
    }
  }

  /// A wait for a person while a service is stopped or a database closed.
  static func openDebts(_ steps: [CheckedStep]) -> [PolicyDiagnostic] {
    var open: [CheckedStep] = []
    var findings: [PolicyDiagnostic] = []
    for entry in steps {
      open.removeAll { $0.signature?.dischargedBy?.contains(entry.step.uses) ?? false }
      if entry.step.uses == StepSignature.waitForApproval, !open.isEmpty {
        let debts = open.map { "`\($0.step.id)`" }.joined(separator: " and ")
        findings.append(
          PolicyDiagnostic(
            place: entry.step.places.step,
            message: "\(entry.name) waits for a person while \(debts) \(open.count == 1 ? "is" : "are") still owed",
            hint: "move it before `\(open[0].step.id)`"))
      }
      if entry.signature?.isObligation == true { open.append(entry) }
    }
    return findings
  }
}
