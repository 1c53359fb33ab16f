package import RecoverBase

/// A frozen, fully resolved list of steps: what a run executes, and what people confirm.
///
/// Confirmation, approval, resume and evidence are bound to ``hash``. A newer binary still resumes an older
/// plan, so fields are only ever added, each with a default.
package struct Plan: Sendable, Hashable, Codable {
  /// The version of this form; a reader refuses a higher one.
  package var format: Int
  /// The name of the procedure, for instance `db`.
  package var procedure: String
  /// What the run acts on; two runs never act on the same target at once.
  package var target: Target
  package var environment: Environment
  /// What the names of the procedure's steps were resolved to; every step reads its own part.
  package var bindings: JSONValue
  package var steps: [PlannedStep]

  package static let currentFormat = 1

  package init(
    procedure: String, target: Target, environment: Environment, bindings: JSONValue, steps: [PlannedStep]
  ) {
    format = Self.currentFormat
    self.procedure = procedure
    self.target = target
    self.environment = environment
    self.bindings = bindings
    self.steps = steps
  }

  /// The SHA-256 of the plan's canonical JSON.
  package func hash() throws -> Digest { Digest(of: try JSONValue.canonicalBytes(of: self)) }

  /// Reads a plan from its stored bytes.
  ///
  /// - Throws: ``RecoverError`` `journal` for bytes that are no plan, or a plan of a newer form.
  package init(stored bytes: [UInt8]) throws {
    do {
      self = try JSONValue.decode(Plan.self, from: bytes)
    } catch {
      throw RecoverError(.journal, "the stored plan can't be read", underlying: error)
    }
    guard format <= Self.currentFormat else {
      throw RecoverError(
        .journal, "the plan has form \(format), this recover knows \(Self.currentFormat)",
        hint: "use the newer recover that made the plan")
    }
  }
}

/// What a run acts on: the unit of claims, leases and locks.
package struct Target: Sendable, Hashable, Codable {
  package enum Kind: String, Sendable, Hashable, Codable {
    case database, tree, deployment, custom
  }

  package var kind: Kind
  /// Unique among targets of the kind, whoever names it and from wherever: for a database the server's
  /// system identifier and the name.
  package var identity: String
  /// What people call it.
  package var name: String

  package init(kind: Kind, identity: String, name: String) {
    self.kind = kind
    self.identity = identity
    self.name = name
  }

  /// The key of the lease and the claim.
  package var key: String { "\(kind.rawValue):\(identity)" }
}

/// One step of a plan.
package struct PlannedStep: Sendable, Hashable, Codable {
  /// Unique in the plan; the name that people, `--inject` and the journal use.
  package var id: String
  /// Which implementation runs, for instance `database.load`.
  package var uses: String
  package var kind: StepKind
  /// The step's own parameters, from `with:`.
  package var with: [String: JSONValue]
  package var retry: RetryPolicy
  private var timeoutText: DurationText?
  private var deadlineText: DurationText?
  package var onExhausted: ProcedureStep.OnExhausted
  /// What the step holds; undo goes on past a failed one only for steps that share none of these.
  package var resources: [String]
  /// The debt that the step's intent makes, for instance `the service app is stopped`.
  package var obligation: String?
  /// Whose approval the step waits for, and how long; nil for a step that waits for nobody.
  package var approval: ApprovalTerms?
  /// Steps whose success pays the debt.
  package var dischargedBy: [String]

  package init(
    id: String, uses: String, kind: StepKind, with: [String: JSONValue] = [:], retry: RetryPolicy,
    timeout: Duration? = nil, deadline: Duration? = nil, onExhausted: ProcedureStep.OnExhausted = .fail,
    resources: [String] = [], obligation: String? = nil,
    approval: ApprovalTerms? = nil, dischargedBy: [String] = []
  ) {
    self.id = id
    self.uses = uses
    self.kind = kind
    self.with = with
    self.retry = retry
    timeoutText = timeout.map(DurationText.init(wrappedValue:))
    deadlineText = deadline.map(DurationText.init(wrappedValue:))
    self.onExhausted = onExhausted
    self.resources = resources
    self.obligation = obligation
    self.approval = approval
    self.dischargedBy = dischargedBy
  }
}

extension PlannedStep {
  /// The longest that one attempt may take.
  package var timeout: Duration? {
    get { timeoutText?.wrappedValue }
    set { timeoutText = newValue.map(DurationText.init(wrappedValue:)) }
  }
  /// The longest that all attempts together may take, resumes included.
  package var deadline: Duration? {
    get { deadlineText?.wrappedValue }
    set { deadlineText = newValue.map(DurationText.init(wrappedValue:)) }
  }

  enum CodingKeys: String, CodingKey {
    case id, uses, kind, with, retry
    case timeoutText = "timeout"
    case deadlineText = "deadline"
    case onExhausted = "on-exhausted"
    case resources, obligation, approval
    case dischargedBy = "discharged-by"
  }
}

/// What a `wait-for-approval` step asks for.
package struct ApprovalTerms: Sendable, Hashable, Codable {
  /// What the approver is asked.
  package var message: String
  /// How long the run waits; after that it goes back as if cancelled.
  @DurationText package var within: Duration

  package init(message: String, within: Duration) {
    self.message = message
    self.within = within
  }
}
