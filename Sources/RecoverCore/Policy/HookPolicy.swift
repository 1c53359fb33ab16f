/// One custom step that runs after a restore and before any traffic: bump sequences, flush a cache.
///
/// A hook may run again when a run is resumed, so it has to be repeatable.
package struct HookPolicy: Sendable, Hashable {
  package static let defaultTimeout = Duration.seconds(300)

  /// What it does, for people; unique within its list.
  package var name: String
  package var action: Action
  /// How long it may take.
  package var timeout: Duration

  package init(name: String, action: Action, timeout: Duration = Self.defaultTimeout) {
    self.name = name
    self.action = action
    self.timeout = timeout
  }
}

extension HookPolicy {
  /// What a hook does.
  package enum Action: Sendable, Hashable {
    /// Statements that run in the restored database, in one transaction.
    case sql(String)
    /// A command of the host.
    case shell(ShellAction)
  }

  /// A command, with what asks whether it already ran and what takes it back.
  package struct ShellAction: Sendable, Hashable {
    package var run: Invocation
    /// Exit status 0: its effect is there already.
    package var probe: Invocation?
    package var undo: Invocation?

    package init(run: Invocation, probe: Invocation? = nil, undo: Invocation? = nil) {
      self.run = run
      self.probe = probe
      self.undo = undo
    }
  }
}

extension HookPolicy: Codable {
  enum CodingKeys: String, CodingKey {
    case name, sql, shell, probe, undo, timeout
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    name = try container.decode(String.self, forKey: .name)
    timeout = try container.decode(DurationText.self, forKey: .timeout).wrappedValue
    if let sql = try container.decodeIfPresent(String.self, forKey: .sql) {
      action = .sql(sql)
    } else {
      action = .shell(
        ShellAction(
          run: try container.decode(Invocation.self, forKey: .shell),
          probe: try container.decodeIfPresent(Invocation.self, forKey: .probe),
          undo: try container.decodeIfPresent(Invocation.self, forKey: .undo)))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(name, forKey: .name)
    try container.encode(DurationText(wrappedValue: timeout), forKey: .timeout)
    switch action {
    case .sql(let sql):
      try container.encode(sql, forKey: .sql)
    case .shell(let shell):
      try container.encode(shell.run, forKey: .shell)
      try container.encodeIfPresent(shell.probe, forKey: .probe)
      try container.encodeIfPresent(shell.undo, forKey: .undo)
    }
  }
}
