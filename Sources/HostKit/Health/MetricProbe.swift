package import RecoverBase

/// Passes while a metric keeps to its threshold: every series of that name with the wanted labels.
///
/// Asks a Prometheus text endpoint itself (Prometheus, Exposition formats); a metric that is not there does not pass.
package struct MetricProbe: ProbeDriver {
  private let http: HTTPProbe
  private let name: String
  private let labels: [String: String]
  private let threshold: MetricThreshold

  /// - Parameter labels: what a series has to have; it may have more.
  package init(url: String, name: String, labels: [String: String] = [:], threshold: MetricThreshold) {
    http = HTTPProbe(url: url, headers: ["Accept": "text/plain;version=0.0.4"])
    self.name = name
    self.labels = labels
    self.threshold = threshold
  }

  package func check(_ deadline: Deadline) async -> HealthResult {
    do {
      return try await BlockingThread.run("recover-metric") { interruption in
        let outcome = try HTTPTransfer.perform(http, deadline, interruption)
        if let trouble = http.judge(outcome).reason {
          if case .notAsked = outcome { return .unknown(trouble) }
          return .unhealthy(trouble)
        }
        guard case .answered(_, let body, let isCut) = outcome else { return .unknown("no answer") }
        return judge(String(decoding: body, as: UTF8.self), isCut: isCut)
      }
    } catch let error as RecoverError {
      return .unknown("\(HTTPProbe.shown(http.url)): \(error.message)")
    } catch {
      return .unknown("\(HTTPProbe.shown(http.url)): \(error)")
    }
  }

  /// What the metrics say.
  ///
  /// - Parameter isCut: more was there than was read.
  func judge(_ text: String, isCut: Bool = false) -> HealthResult {
    let place = HTTPProbe.shown(http.url)
    var count = 0
    for line in text.split(separator: "\n").dropLast(isCut ? 1 : 0) {
      guard let sample = MetricSample(line), sample.name == name,
        labels.allSatisfy({ sample.labels[$0.key] == $0.value })
      else { continue }
      count += 1
      guard threshold.holds(sample.value) else {
        return .unhealthy("\(place): \(sample.series) is \(sample.value), and not \(threshold)")
      }
    }
    guard count == 0 else { return .healthy }
    let reason = "\(place): there is no metric \(name)" + (labels.isEmpty ? "" : " with these labels")
    return isCut ? .unknown("\(reason) in its first \(ByteCount(HTTPTransfer.bodyLimitBytes))") : .unhealthy(reason)
  }
}

/// A comparison such as `< 0.9`.
package struct MetricThreshold: Sendable, Hashable, CustomStringConvertible {
  package enum Order: String, Sendable, CaseIterable {
    case atMost = "<="
    case atLeast = ">="
    case equal = "=="
    case different = "!="
    case less = "<"
    case more = ">"
  }

  package var order: Order
  package var value: Double

  /// Reads `< 0.9`; nil for what is no comparison with a number.
  package init?(_ text: String) {
    let text = text.drop { $0 == " " }
    guard let order = Order.allCases.first(where: { text.hasPrefix($0.rawValue) }),
      let value = Double(text.dropFirst(order.rawValue.count).drop { $0 == " " }), !value.isNaN
    else { return nil }
    self.order = order
    self.value = value
  }

  /// Whether a value keeps to it; what is no number never does.
  func holds(_ other: Double) -> Bool {
    guard !other.isNaN else { return false }
    return switch order {
    case .atMost: other <= value
    case .atLeast: other >= value
    case .equal: other == value
    case .different: other != value
    case .less: other < value
    case .more: other > value
    }
  }

  package var description: String { "\(order.rawValue) \(value)" }
}

/// One line of the text format: a name, labels, a value.
struct MetricSample: Hashable {
  var name: String
  var labels: [String: String] = [:]
  var value: Double

  /// Name and labels, as they are written.
  var series: String {
    let list = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\($0.value)\"" }.joined(separator: ",")
    return labels.isEmpty ? name : "\(name){\(list)}"
  }

  /// Reads a line; nil for comments, empty lines and what is no sample.
  init?(_ line: Substring) {
    var rest = line.drop { $0 == " " || $0 == "\t" }
    guard let first = rest.first, first != "#" else { return nil }
    name = String(rest.prefix { $0 != "{" && $0 != " " && $0 != "\t" })
    rest = rest.dropFirst(name.count).drop { $0 == " " || $0 == "\t" }
    if rest.first == "{" {
      guard let labels = Self.labels(&rest) else { return nil }
      self.labels = labels
    }
    let words = rest.split { $0 == " " || $0 == "\t" || $0 == "\r" }
    guard !name.isEmpty, let word = words.first, words.count <= 2, let value = Self.number(word) else { return nil }
    self.value = value
  }

  private static func number(_ word: Substring) -> Double? {
    switch word {
    case "+Inf", "Inf": .infinity
    case "-Inf": -.infinity
    case "NaN": .nan
    default: Double(word)
    }
  }

  /// Takes `{name="value",...}` off the front.
  private static func labels(_ rest: inout Substring) -> [String: String]? {
    rest = rest.dropFirst()
    var labels: [String: String] = [:]
    while true {
      rest = rest.drop { $0 == " " || $0 == "," }
      if rest.first == "}" {
        rest = rest.dropFirst()
        return labels
      }
      let key = rest.prefix { $0 != "=" && $0 != "}" }
      rest = rest.dropFirst(key.count)
      guard !key.isEmpty, rest.hasPrefix("=\"") else { return nil }
      rest = rest.dropFirst(2)
      var value = ""
      while let character = rest.popFirst(), character != "\"" {
        guard character == "\\" else {
          value.append(character)
          continue
        }
        guard let escaped = rest.popFirst() else { return nil }
        value.append(escaped == "n" ? "\n" : escaped)
      }
      labels[String(key.filter { $0 != " " })] = value
    }
  }
}
