internal import RecoverBase

/// A duration that is written as text wherever it is stored: `1h30m`.
///
/// A plain `Duration` encodes as two halves of a 128-bit number, which no person can read and which loses
/// digits on its way through JSON.
@propertyWrapper
package struct DurationText: Sendable, Hashable {
  package var wrappedValue: Duration

  package init(wrappedValue: Duration) { self.wrappedValue = wrappedValue }
}

extension DurationText: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let duration = Duration(text: text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a duration")
    }
    wrappedValue = duration
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(wrappedValue.text)
  }
}
