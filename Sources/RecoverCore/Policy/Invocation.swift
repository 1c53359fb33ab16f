/// A command as a policy writes it: a line for the shell, or a list of arguments that needs none.
///
/// Its JSON form is the file's: a string or an array of strings.
package enum Invocation: Sendable, Hashable {
  /// Run by `/bin/sh -c`.
  case shell(String)
  /// Run as it is, without a shell; never empty. The first is looked up in `PATH`.
  case arguments([String])
}

extension Invocation {
  /// What is executed: never empty.
  package var argumentVector: [String] {
    switch self {
    case .shell(let line): ["/bin/sh", "-c", line]
    case .arguments(let arguments): arguments
    }
  }
}

extension Invocation: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let line = try? container.decode(String.self) {
      self = .shell(line)
      return
    }
    let arguments = try container.decode([String].self)
    guard !arguments.isEmpty else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "a command without arguments")
    }
    self = .arguments(arguments)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .shell(let line): try container.encode(line)
    case .arguments(let arguments): try container.encode(arguments)
    }
  }
}
