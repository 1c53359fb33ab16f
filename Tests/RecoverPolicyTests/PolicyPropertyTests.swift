import RecoverBase
import RecoverCore
import RecoverTestSupport
import Testing

@testable import RecoverPolicy

@Suite("Properties of the policy parser")
struct PolicyPropertyTests {
  static let seeds = [
    """
    version: 1
    environment: staging
    databases:
      app:
        url: postgres://u@h/d
        services: [web]
        keep-previous: 7d
        free-disk: 1 GB
        after-restore: [{name: x, sql: y}]
    services:
      web: {compose: {file: [a.yml], service: web}}
    """,
    """
    version: 1
    environment: production
    health:
      a: {http: {url: "http://h", status: [200], headers: {A: b}}, every: 1s, within: 60s, passes: 3}
      b: {command: {run: [a, "b"], environment: {X: 'y'}}}
    trees: {t: {path: ./x, owner: "1:1", health: [a, b]}}
    """,
    """
    procedure: p
    steps:
      - {id: a, uses: shell, with: {run: x, n: 1, l: [1, no]}}
      - id: b
        uses: sql
        retry: {attempts: 2, backoff: 1s, jitter: false}
        on-exhausted: pause
    """,
  ]

  static let tokens = [
    ":", ": ", "\n", "\n  ", "\n\t", " ", "- ", "[", "]", "{", "}", ",", "\"", "'", "#", "|", ">", "&a ", "*a", "!x ",
    "!!int ",
    "~", "null", "no", "7d", "-1", "99999999999999999999", "1e400", ".nan", "\0", "\u{7F}", "é", "🎉", "? ", "%", "@",
    "---\n",
    "...", "<<: ", "\\", "\"\\0\"", "\"\\ud800\"", "\r", "\u{2028}", "\u{FEFF}", "databases", "steps", "command",
    "[[[[[[",
  ]

  /// What words are replaced with: mostly sound YAML that means something else.
  static let words = [
    "7d", "1", "-1", "1.5", "99999999999", "no", "yes", "true", "null", "~", "x", "\"\"", "\"a b\"", "[]", "{}", "[x]",
    "[x, x]",
    "{x: y}", "|\n  a\n", "databases", "health", "services", "app", "web", "a", "t", "url", "path", "steps", "with",
    "every",
    "postgres", "command", "shell", "1 GB", "50 XB", "&a x", "!t x", "a: b",
  ]

  /// A text with one to three words replaced.
  static func reworded(_ text: String, _ random: inout SeededGenerator) -> String {
    var parts: [String] = []
    for character in text {
      let isWord = character.isLetter || character.isNumber || character == "-"
      let continues = parts.last?.last.map { $0.isLetter || $0.isNumber || $0 == "-" } ?? false
      if isWord, continues { parts[parts.count - 1].append(character) } else { parts.append(String(character)) }
    }
    let places = parts.indices.filter { parts[$0].first?.isLetter == true || parts[$0].first?.isNumber == true }
    for _ in 0..<random.int(1...3) { parts[random.pick(places)] = random.pick(words) }
    return parts.joined()
  }

  /// One to four random edits of a text.
  static func mutated(_ text: String, _ random: inout SeededGenerator) -> String {
    var scalars = Array(text.unicodeScalars)
    for _ in 0..<random.int(1...4) where !scalars.isEmpty {
      let start = random.int(0...scalars.count - 1)
      let end = min(scalars.count, start + random.int(0...12))
      switch random.int(0...3) {
      case 0: scalars.removeSubrange(start..<end)
      case 1: scalars.insert(contentsOf: random.pick(tokens).unicodeScalars, at: start)
      case 2: scalars.replaceSubrange(start..<end, with: random.pick(tokens).unicodeScalars)
      default: scalars.insert(contentsOf: scalars[start..<end], at: random.int(0...scalars.count))
      }
    }
    return String(String.UnicodeScalarView(scalars))
  }

  @Test("any text is read or refused with places: it never traps, and what is read fits the schema")
  func mutations() throws {
    let validator = JSONSchemaValidator(root: PolicySchema.document())
    try Property.check { random in
      let index = random.int(0...Self.seeds.count - 1)
      let seed = Self.seeds[index]
      let text = random.chance(1, of: 2) ? Self.mutated(seed, &random) : Self.reworded(seed, &random)
      do {
        if index == 2 {
          _ = try PolicyParser.procedure(text, file: "f")
        } else {
          _ = try PolicyParser.environment(text, file: "f", directory: "/d")
        }
      } catch let error as RecoverError {
        return try Self.requirePlaces(error, in: text)
      }
      let errors = try validator.errors(try PolicySchemaTests.json(text))
      try Property.require(errors.isEmpty, "read, but against the schema: \(errors)\n\(text)")
    }
  }

  private static func requirePlaces(_ error: RecoverError, in text: String) throws {
    try Property.require(error.code == .policyInvalid, "\(error.code): \(error)\n\(text)")
    let entries = (error.underlying as? PolicyDiagnostics)?.entries ?? []
    try Property.require(!entries.isEmpty, "no diagnostics in \(error)")
    let lines = text.unicodeScalars.count { "\n\r\u{85}\u{2028}\u{2029}".unicodeScalars.contains($0) } + 1
    for entry in entries {
      let place = try #require(entry.place)
      let isInside = place.file == "f" && (1...lines + 1).contains(place.line) && place.column >= 1
      try Property.require(isInside, "\(entry) is outside of\n\(text)")
    }
  }

  @Test("what is rendered is read back to the same policy, and fits the schema")
  func roundTrip() throws {
    let validator = JSONSchemaValidator(root: PolicySchema.document())
    try Property.check { random in
      var generator = PolicyGenerator(random: random)
      let policy = generator.policy()
      let text = try PolicyRenderer.text(of: policy)
      let read: Policy
      do {
        read = try PolicyParser.environment(text, file: "f", directory: "/d")
      } catch {
        return try Property.require(false, "\(error)\n\(text)")
      }
      try Property.require(read == policy, "another policy came back from\n\(text)")
      guard generator.random.chance(1, of: 100) else { return }
      try Property.require(
        try validator.errors(try PolicySchemaTests.json(text)).isEmpty, "against the schema:\n\(text)")
    }
  }
}
