/// Something outside of a set of tables that depends on them, on their columns, keys, sequences or row types.
package struct Dependent: Sendable, Hashable, Codable {
  package var kind: Kind
  package var oid: UInt32
  /// As people name it: `view public.open_orders`.
  package var identity: String
  /// The table or view that it is part of: a foreign key's own table.
  var relation: Relation?
  /// The columns of the tables that it needs.
  package var columns: [Column]
  /// What makes it anew, once the tables under those names are others; nil where that can't be done.
  var definition: Definition?
  /// Why the tables can't be exchanged while it is there.
  package var refusal: String?

  package enum Kind: String, Sendable, Hashable, Codable {
    case view
    case function
    case foreignKey = "foreign-key"
    case policy
    case rule
    case other
  }

  struct Relation: Sendable, Hashable, Codable {
    var oid: UInt32
    var schema: String
    var name: String
    var kind: String

    var quoted: String { Quoting.identifier(schema, name) }
  }

  package struct Column: Sendable, Hashable, Codable {
    /// The table's.
    package var table: UInt32
    package var name: String
  }

  struct Definition: Sendable, Hashable, Codable {
    /// A view's query, a function's or rule's CREATE, a constraint's definition, a policy's USING expression.
    var text: String?
    /// A policy's WITH CHECK expression.
    var check: String?
    /// A constraint's, policy's or function's name.
    var name: String?
    /// A function's.
    var schema: String?
    var comment: String?
    /// A view's options: `security_barrier=true`.
    var options: [String]?
    /// The table that a foreign key refers to.
    var references: UInt32?
  }

  /// What happens to it, for people.
  package var fate: String {
    if let refusal { return refusal }
    return switch kind {
    case .view: "gets its own definition again, and so reads the restored tables"
    case .function: "gets its own definition again, and so uses the restored tables"
    case .foreignKey: "is made anew and checked against the restored rows"
    case .policy: "gets its own expressions again"
    case .rule: "gets its own definition again"
    case .other: "stays as it is"
    }
  }
}

extension Dependent {
  /// Makes it find the tables that have the names now; for foreign keys see ``ExchangeAttempt``.
  var restoration: String? {
    guard let definition else { return nil }
    guard let relation else { return kind == .function ? definition.text : nil }
    switch kind {
    case .view:
      let options = (definition.options ?? []).map(Self.option).joined(separator: ", ")
      let with = options.isEmpty ? "" : " WITH (\(options))"
      return "CREATE OR REPLACE VIEW \(relation.quoted)\(with) AS \(definition.text ?? "")"
    case .policy:
      guard let name = definition.name else { return nil }
      let using = definition.text.map { " USING (\($0))" } ?? ""
      let check = definition.check.map { " WITH CHECK (\($0))" } ?? ""
      return "ALTER POLICY \(Quoting.identifier(name)) ON \(relation.quoted)\(using)\(check)"
    case .rule: return definition.text.map { "CREATE OR REPLACE\($0.dropFirst("CREATE".count))" }
    case .function: return definition.text
    case .foreignKey, .other: return nil
    }
  }

  /// `name=value` as WITH takes it.
  private static func option(_ text: String) -> String {
    guard let equals = text.firstIndex(of: "=") else { return Quoting.identifier(text) }
    return
      "\(Quoting.identifier(String(text[..<equals]))) = \(Quoting.literal(String(text[text.index(after: equals)...])))"
  }
}
