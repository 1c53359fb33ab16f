internal import RecoverBase

/// A pattern for names of tables or schemas, with pg_dump's meaning (PostgreSQL, pg_dump `--table`; psql, "Patterns").
///
/// Letters outside of double quotes are folded to lower case; `*` is any row of characters and `?` any single one;
/// inside of double quotes every character is itself, and two of them are one. A `.` parts schema and name. The other
/// characters of regular expressions, which psql passes on, are refused here unless they are quoted. A name without a
/// schema is looked for in every schema but those in which recover keeps tables of earlier runs, since a dump has no
/// search path of its own.
package struct NamePattern: Sendable, Hashable {
  /// As it was typed.
  package let text: String
  /// nil is any schema.
  private let schema: [Part]?
  private let name: [Part]

  private enum Part: Sendable, Hashable {
    case scalar(Unicode.Scalar)
    case anyOne
    case anyRow
  }

  /// What a pattern is for.
  package enum Kind: Sendable {
    /// `name` or `schema.name`.
    case table
    /// A schema alone: `.` has no meaning but as a mistake.
    case schema
  }

  /// - Throws: ``RecoverError`` `usage` for a pattern that can't be understood.
  package init(_ text: String, _ kind: Kind = .table) throws {
    var parts: [[Part]] = [[]]
    var isQuoted = false
    var rest = text.unicodeScalars[...]
    while let scalar = rest.popFirst() {
      switch scalar {
      case "\"" where isQuoted && rest.first == "\"":
        rest.removeFirst()
        parts[parts.count - 1].append(.scalar("\""))
      case "\"": isQuoted.toggle()
      case _ where isQuoted: parts[parts.count - 1].append(.scalar(scalar))
      case ".": parts.append([])
      case "*": parts[parts.count - 1].append(.anyRow)
      case "?": parts[parts.count - 1].append(.anyOne)
      case _ where Self.reserved.contains(scalar):
        throw RecoverError(
          .usage, "the pattern `\(text)` holds \(scalar), which has no meaning here",
          hint: "only * and ? stand for other characters; put the rest of the name in double quotes")
      default: parts[parts.count - 1].append(.scalar(Self.folded(scalar)))
      }
    }
    guard !isQuoted else { throw Self.mistake(text, "a double quote is missing") }
    guard parts.allSatisfy({ !$0.isEmpty }) else { throw Self.mistake(text, "a name is missing") }
    guard parts.count <= (kind == .table ? 2 : 1) else {
      throw Self.mistake(text, kind == .table ? "too many names" : "a schema has one name")
    }
    self.text = text
    schema = parts.count == 2 ? parts[0] : nil
    name = parts[parts.count - 1]
  }

  /// What regular expressions give a meaning, and pg_dump with them.
  private static let reserved: Set<Unicode.Scalar> = ["[", "]", "(", ")", "{", "}", "|", "+", "^", "\\"]

  private static func mistake(_ text: String, _ what: String) -> RecoverError {
    RecoverError(
      .usage, "the pattern `\(text)` can't be understood: \(what)",
      hint: "write it as name, schema.name or schema.*; put other characters in double quotes: '\"Odd.Name\"'")
  }

  private static func folded(_ scalar: Unicode.Scalar) -> Unicode.Scalar {
    scalar.isASCII ? Unicode.Scalar(Ascii.lowercased(UInt8(scalar.value))) : scalar
  }
}

extension NamePattern {
  /// Whether it can match one name only.
  package var isExact: Bool { (name + (schema ?? [])).allSatisfy { $0 != .anyOne && $0 != .anyRow } }

  package func matches(_ candidate: SQLName) -> Bool {
    // What recover keeps of earlier runs is a table's namesake, and never what is meant by its name.
    if schema == nil, candidate.schema.map(KeptSchema.isName) == true { return false }
    return matchesAnywhere(candidate)
  }

  /// The same, where a name without a schema means what is kept of earlier runs as well.
  func matchesAnywhere(_ candidate: SQLName) -> Bool {
    guard let schema else { return Self.match(name, candidate.name) }
    guard let candidateSchema = candidate.schema, Self.match(schema, candidateSchema) else { return false }
    return Self.match(name, candidate.name)
  }

  /// Whether a schema has the name, for a pattern of schemas.
  package func matches(schema candidate: String) -> Bool { Self.match(name, candidate) }

  /// Matches by going back to the last `*` alone, so that the work is bounded by the product of the lengths.
  private static func match(_ pattern: [Part], _ text: String) -> Bool {
    let text = Array(text.unicodeScalars)
    var (part, index) = (0, 0)
    var retry: (part: Int, index: Int)?
    while index < text.count {
      if part < pattern.count, pattern[part] == .anyRow {
        retry = (part, index)
        part += 1
      } else if part < pattern.count, pattern[part] == .anyOne || pattern[part] == .scalar(text[index]) {
        (part, index) = (part + 1, index + 1)
      } else if let last = retry {
        retry = (last.part, last.index + 1)
        (part, index) = (last.part + 1, last.index + 1)
      } else {
        return false
      }
    }
    return pattern[part...].allSatisfy { $0 == .anyRow }
  }
}

extension NamePattern: Codable {
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }

  package init(from decoder: any Decoder) throws {
    try self.init(try decoder.singleValueContainer().decode(String.self))
  }
}
