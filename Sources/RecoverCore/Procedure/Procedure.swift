package import RecoverBase

/// A recovery procedure as a file writes it: named steps in the order in which they run.
package struct Procedure: Sendable, Hashable, Codable {
  package var name: String
  /// One sentence for people.
  package var summary: String?
  package var steps: [ProcedureStep]

  package init(name: String, summary: String? = nil, steps: [ProcedureStep]) {
    self.name = name
    self.summary = summary
    self.steps = steps
  }

  enum CodingKeys: String, CodingKey {
    case name = "procedure"
    case summary = "description"
    case steps
  }
}

/// One step of a procedure: which kind of work, with which parameters, and how patiently.
package struct ProcedureStep: Sendable, Hashable {
  /// Unique within the procedure.
  package var id: String
  /// The step's definition: `database.load`, `shell`.
  package var uses: String
  /// The definition's parameters.
  package var with: [String: JSONValue]
  /// Nil: what the definition says.
  package var retry: RetryPolicy?
  /// How long one attempt may take; nil: what the definition says.
  package var timeout: Duration?
  /// How long all attempts together may take; nil: what the definition says.
  package var deadline: Duration?
  package var onExhausted: OnExhausted
  /// Where it was written; not stored.
  package var places: StepPlaces

  package init(
    id: String, uses: String, with: [String: JSONValue] = [:], retry: RetryPolicy? = nil, timeout: Duration? = nil,
    deadline: Duration? = nil, onExhausted: OnExhausted = .fail, places: StepPlaces = StepPlaces()
  ) {
    self.id = id
    self.uses = uses
    self.with = with
    self.retry = retry
    self.timeout = timeout
    self.deadline = deadline
    self.onExhausted = onExhausted
    self.places = places
  }
}

extension ProcedureStep {
  /// What happens when the last attempt has failed.
  package enum OnExhausted: String, Sendable, Hashable, Codable, CaseIterable {
    /// The run fails, and what was done is undone.
    case fail
    /// The run pauses and waits for a person.
    case pause
  }
}

/// Where the parts of a step were written, for messages; all nil for a step that no file holds.
package struct StepPlaces: Sendable, Hashable {
  package var step: Place?
  package var id: Place?
  package var uses: Place?
  /// The keys of `with`.
  package var parameters: [String: Place]

  package init(step: Place? = nil, id: Place? = nil, uses: Place? = nil, parameters: [String: Place] = [:]) {
    self.step = step
    self.id = id
    self.uses = uses
    self.parameters = parameters
  }
}

extension ProcedureStep: Codable {
  enum CodingKeys: String, CodingKey {
    case id, uses, with, retry, timeout, deadline
    case onExhausted = "on-exhausted"
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    id = try container.decode(String.self, forKey: .id)
    uses = try container.decode(String.self, forKey: .uses)
    with = try container.decodeIfPresent([String: JSONValue].self, forKey: .with) ?? [:]
    retry = try container.decodeIfPresent(RetryPolicy.self, forKey: .retry)
    timeout = try container.decodeIfPresent(DurationText.self, forKey: .timeout)?.wrappedValue
    deadline = try container.decodeIfPresent(DurationText.self, forKey: .deadline)?.wrappedValue
    onExhausted = try container.decodeIfPresent(OnExhausted.self, forKey: .onExhausted) ?? .fail
    places = StepPlaces()
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(id, forKey: .id)
    try container.encode(uses, forKey: .uses)
    try container.encode(with, forKey: .with)
    try container.encodeIfPresent(retry, forKey: .retry)
    try container.encodeIfPresent(timeout.map(DurationText.init), forKey: .timeout)
    try container.encodeIfPresent(deadline.map(DurationText.init), forKey: .deadline)
    try container.encode(onExhausted, forKey: .onExhausted)
  }
}
