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
