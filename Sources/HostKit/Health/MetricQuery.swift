internal import RecoverBase

/// Series of a metric: by its name, and by labels, of which a series may have more.
package struct MetricSelector: Sendable, Hashable {
  package var name: String
  /// A value that begins with `~` is a regular expression for the whole of a label's value, as `=~` is in Prometheus.
  package var labels: [String: String]

  package init(name: String, labels: [String: String] = [:]) {
    self.name = name
    self.labels = labels
  }

  /// Whether a sample is one of them; never for an expression that is none.
  func matches(_ sample: MetricSample) -> Bool {
    sample.name == name && labels.allSatisfy { Self.holds($0.value, for: sample.labels[$0.key] ?? "") }
  }

  private static func holds(_ wanted: String, for value: String) -> Bool {
    guard wanted.hasPrefix("~") else { return wanted == value }
    guard let expression = try? Regex(String(wanted.dropFirst())) else { return false }
    return (try? expression.wholeMatch(in: value)) != nil
  }
}

extension MetricSelector: CustomStringConvertible {
  package var description: String {
    let list = labels.sorted { $0.key < $1.key }.map { label in
      label.value.hasPrefix("~") ? "\(label.key)=~\"\(label.value.dropFirst())\"" : "\(label.key)=\"\(label.value)\""
    }
    return labels.isEmpty ? name : "\(name){\(list.joined(separator: ","))}"
  }
}

/// What is asked of metrics: every series against a threshold, or the share that one sum is of another; as they are, or as
/// they rise between two looks.
package struct MetricQuery: Sendable, Hashable {
  package var selector: MetricSelector
  /// The sum of ``selector`` is divided by the sum of this.
  package var per: MetricSelector?
  /// From the first look to the second one; nil for one look.
  package var window: Duration?
  package var threshold: MetricThreshold

  package init(
    _ selector: MetricSelector, per: MetricSelector? = nil, window: Duration? = nil, threshold: MetricThreshold
  ) {
    self.selector = selector
    self.per = per
    self.window = window
    self.threshold = threshold
  }
}

/// What one look at a metrics endpoint gave.
struct MetricLook: Sendable {
  var samples: [MetricSample] = []
  /// Of each name the first line that is no comment and can't be read.
  var unreadable: [String: String] = [:]
  /// Whether more was there than was read.
  var isCut: Bool
  var moment: Moment

  init(_ text: String, isCut: Bool = false, at moment: Moment = .now) {
    for line in text.split(whereSeparator: { $0 == "\n" || $0 == "\r\n" }).dropLast(isCut ? 1 : 0) {
      if let sample = MetricSample(line) {
        samples.append(sample)
      } else if let name = MetricSample.name(of: line), unreadable[name] == nil {
        unreadable[name] = String(line.prefix(120))
      }
    }
    self.isCut = isCut
    self.moment = moment
  }

  func has(_ name: String) -> Bool { samples.contains { $0.name == name } }
}

// MARK: - Judging

extension MetricQuery {
  /// What the last look says, by itself or against the first one.
  func judge(_ last: MetricLook, since first: MetricLook? = nil) -> HealthResult {
    for name in [selector.name, per?.name].compactMap(\.self) {
      // What it says may be just what must not be.
      guard let line = last.unreadable[name] ?? first?.unreadable[name] else { continue }
      return .unhealthy("a line of \(name) can't be read: `\(line)`")
    }
    if let per { return share(of: per, last, first) }
    let values = values(selector, last, first)
    guard !values.isEmpty else {
      // Counters come into being with the first event: where the metric is there, nothing has risen yet.
      guard first != nil, last.has(selector.name) else { return missing(selector, last) }
      return judge(0, "\(selector)")
    }
    for (series, value) in values {
      let result = judge(value, series)
      if !result.isHealthy { return result }
    }
    return .healthy
  }

  private func judge(_ value: Double, _ what: String) -> HealthResult {
    guard !threshold.holds(value) else { return .healthy }
    return .unhealthy("\(what) \(window == nil ? "is \(value)" : "rises by \(value) a second"), and not \(threshold)")
  }

  private func share(of per: MetricSelector, _ last: MetricLook, _ first: MetricLook?) -> HealthResult {
    guard last.has(selector.name) else { return missing(selector, last) }
    guard last.has(per.name) else { return missing(per, last) }
    let part = values(selector, last, first).map(\.value).reduce(0, +)
    let whole = values(per, last, first).map(\.value).reduce(0, +)
    guard whole != 0 else {
      // Where nothing happened, no share of it was bad.
      return first != nil && part == 0 ? .healthy : .unhealthy("\(per) is 0: nothing can be a share of it")
    }
    guard !threshold.holds(part / whole) else { return .healthy }
    return .unhealthy("\(selector) / \(per) is \(part / whole) (\(part) of \(whole)), and not \(threshold)")
  }

  private func missing(_ selector: MetricSelector, _ look: MetricLook) -> HealthResult {
    let reason = "there is no metric \(selector)"
    return look.isCut
      ? .unknown("\(reason) in its first \(ByteCount(HTTPTransfer.bodyLimitBytes))") : .unhealthy(reason)
  }

  /// Each series with its value, or with what it rises by in a second.
  ///
  /// A counter that went down was set back to 0 in between, as Prometheus has it; one that was not there began at 0.
  private func values(
    _ selector: MetricSelector, _ last: MetricLook, _ first: MetricLook?
  ) -> [(series: String, value: Double)] {
    let now = last.samples.filter(selector.matches)
    guard let first else { return now.map { ($0.series, $0.value) } }
    let seconds = max((last.moment - first.moment).seconds, 0.001)
    let before = Dictionary(
      first.samples.filter(selector.matches).map { ($0.series, $0.value) }, uniquingKeysWith: { $1 })
    return now.map { sample in
      let earlier = before[sample.series] ?? 0
      return (sample.series, (sample.value < earlier ? sample.value : sample.value - earlier) / seconds)
    }
  }
}
