/// What the lint rules and the planner know of a step's definition.
package struct StepSignature: Sendable, Hashable {
  /// The name that procedures call it by.
  package var uses: String
  package var kind: StepKind
  /// Whether it leaves a debt behind: a stopped service, a closed database.
  package var isObligation: Bool
  package var parameters: [Parameter]
  /// The definitions that pay this debt; nil when only the end of the run does.
  package var dischargedBy: [String]?
  /// One sentence for people.
  package var summary: String

  package init(
    uses: String, kind: StepKind, isObligation: Bool = false, parameters: [Parameter] = [],
    dischargedBy: [String]? = nil, summary: String = ""
  ) {
    self.uses = uses
    self.kind = kind
    self.isObligation = isObligation
    self.parameters = parameters
    self.dischargedBy = dischargedBy
    self.summary = summary
  }
}

extension StepSignature {
  /// The step that waits for a person, whom no open debt should wait for.
  package static let waitForApproval = "wait-for-approval"

  /// One key of a step's `with`.
  package struct Parameter: Sendable, Hashable {
    package var name: String
    package var type: ParameterType
    package var isRequired: Bool

    package init(_ name: String, _ type: ParameterType, required: Bool = false) {
      self.name = name
      self.type = type
      isRequired = required
    }
  }
}
