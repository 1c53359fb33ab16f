package import RecoverBase

/// Passes while metrics keep to a threshold: every series of a name with the wanted labels, or a share of sums.
///
/// Asks a Prometheus text endpoint itself (Prometheus, Exposition formats), twice where it is about how fast something rises;
/// a metric that is not there does not pass.
package struct MetricProbe: ProbeDriver {
  private let http: HTTPProbe
  private let query: MetricQuery

  package init(url: String, query: MetricQuery) {
    http = HTTPProbe(url: url, headers: ["Accept": "text/plain;version=0.0.4"])
    self.query = query
  }

  package func check(_ deadline: Deadline) async -> HealthResult {
    let place = HTTPProbe.shown(http.url)
    do {
      return try await BlockingThread.run("recover-metric") { interruption in
        var first: MetricLook?
        if let window = query.window {
          guard deadline.remaining > window else { return .unknown("\(place): no time is left for two looks") }
          switch try look(deadline, interruption) {
          case .failure(let trouble): return trouble.result
          case .success(let look): first = look
          }
          if interruption.wait(atMost: window) { return .unknown("stopped between two looks") }
        }
        switch try look(deadline, interruption) {
        case .failure(let trouble): return trouble.result
        case .success(let last): return query.judge(last, since: first).prefixed("\(place): ")
        }
      }
    } catch let error as RecoverError {
      return .unknown("\(place): \(error.message)")
    } catch {
      return .unknown("\(place): \(error)")
    }
  }

  /// Why there are no metrics to judge.
  private struct Trouble: Error {
    var result: HealthResult
  }

  private func look(_ deadline: Deadline, _ interruption: Interruption) throws -> Result<MetricLook, Trouble> {
    let moment = Moment.now
    let outcome = try HTTPTransfer.perform(http, deadline, interruption)
    if let trouble = http.judge(outcome).reason {
      if case .notAsked = outcome { return .failure(Trouble(result: .unknown(trouble))) }
      return .failure(Trouble(result: .unhealthy(trouble)))
    }
    guard case .answered(_, let body, let isCut) = outcome else {
      return .failure(Trouble(result: .unknown("no answer")))
    }
    return .success(MetricLook(String(decoding: body, as: UTF8.self), isCut: isCut, at: moment))
  }
}

extension HealthResult {
  /// The same with where that was seen.
  fileprivate func prefixed(_ place: String) -> HealthResult {
    switch self {
    case .healthy: .healthy
    case .unhealthy(let reason): .unhealthy(place + reason)
    case .unknown(let reason): .unknown(place + reason)
    }
  }
}
