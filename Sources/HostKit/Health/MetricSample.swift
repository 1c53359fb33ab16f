/// One line of the text format: a name, labels, a value; a moment and an exemplar behind it (OpenMetrics 1.0, Exemplars)
/// are read over.
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
    guard let name = Self.name(of: line) else { return nil }
    self.name = name
    rest = rest.dropFirst(name.count).drop { $0 == " " || $0 == "\t" }
    if rest.first == "{" {
      guard let labels = Self.labels(&rest) else { return nil }
      self.labels = labels
    }
    var words = rest.split { $0 == " " || $0 == "\t" || $0 == "\r" }
    if let mark = words.firstIndex(of: "#"), mark + 1 < words.count, words[mark + 1].hasPrefix("{") {
      words.removeSubrange(mark...)
    }
    guard !name.isEmpty, let word = words.first, words.count <= 2, let value = Self.number(word) else { return nil }
    self.value = value
  }

  /// The name with which a line begins, whether or not the rest of it can be read; nil for comments and empty lines.
  static func name(of line: Substring) -> String? {
    let rest = line.drop { $0 == " " || $0 == "\t" || $0 == "\r" }
    guard let first = rest.first, first != "#" else { return nil }
    return String(rest.prefix { $0 != "{" && $0 != " " && $0 != "\t" && $0 != "\r" })
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
