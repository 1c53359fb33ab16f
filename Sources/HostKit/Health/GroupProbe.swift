package import RecoverBase

/// Passes when enough of other probes pass, all asked at once, each with its own deadline.
package struct GroupProbe: ProbeDriver {
  package struct Member: Sendable {
    package var name: String
    package var probe: any ProbeDriver
    package var timeout: Duration
    /// At least 1.
    package var weight: Int

    package init(name: String, probe: any ProbeDriver, timeout: Duration, weight: Int = 1) {
      self.name = name
      self.probe = probe
      self.timeout = timeout
      self.weight = weight
    }
  }

  private let members: [Member]
  private let least: Int

  /// - Parameter least: what the weights of those that pass have to add up to; more than all of them never passes.
  package init(_ members: [Member], least: Int) {
    self.members = members
    self.least = least
  }

  package func check(_ deadline: Deadline) async -> HealthResult {
    let results = await withTaskGroup(of: (Int, HealthResult).self) { group in
      for (index, member) in members.enumerated() {
        group.addTask {
          let own = Deadline.after(member.timeout)
          return (index, await member.probe.check(own.moment < deadline.moment ? own : deadline))
        }
      }
      var results = [HealthResult](repeating: .unknown("it was never asked"), count: members.count)
      for await (index, result) in group { results[index] = result }
      return results
    }
    return judge(results)
  }

  /// What the results of the members, in their order, say together.
  ///
  /// Unknown only where what could not be asked might make the difference.
  func judge(_ results: [HealthResult]) -> HealthResult {
    var (passed, unknown) = (0, 0)
    var reasons: [String] = []
    for (member, result) in zip(members, results) {
      switch result {
      case .healthy: passed += member.weight
      case .unknown(let reason):
        unknown += member.weight
        reasons.append("\(member.name): \(reason)")
      case .unhealthy(let reason): reasons.append("\(member.name): \(reason)")
      }
    }
    guard passed < least else { return .healthy }
    let text = reasons.joined(separator: "; ")
    return passed + unknown >= least ? .unknown(text) : .unhealthy(text)
  }
}
