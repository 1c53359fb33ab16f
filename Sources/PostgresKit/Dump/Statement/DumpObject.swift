/// An object that a dump makes.
package struct DumpObject: Sendable, Hashable, Codable {
  package var kind: Kind
  /// For a cast, a transform or a user mapping, which have no name, what stands in its place: `(a AS b)`.
  package var name: SQLName
  /// The table or view that it belongs to: of an index, constraint, trigger, rule, policy.
  package var table: SQLName?
  /// What tells it from others of the same name, as the dump writes it: a routine's or operator's arguments in
  /// parentheses, the access method of an operator class; HANDLER for a language that is made of functions.
  package var signature: String?

  package init(_ kind: Kind, _ name: SQLName, table: SQLName? = nil, signature: String? = nil) {
    self.kind = kind
    self.name = name
    self.table = table
    self.signature = signature
  }

  package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    case accessMethod = "access-method"
    case aggregate
    case cast
    case checkConstraint = "check-constraint"
    case collation
    case conversion
    case domain
    case eventTrigger = "event-trigger"
    case exclusionConstraint = "exclusion-constraint"
    case `extension`
    case foreignDataWrapper = "foreign-data-wrapper"
    case foreignKey = "foreign-key"
    case foreignTable = "foreign-table"
    case function
    case index
    case language
    case largeObject = "large-object"
    case materializedView = "materialized-view"
    case notNullConstraint = "not-null-constraint"
    case `operator`
    case operatorClass = "operator-class"
    case operatorFamily = "operator-family"
    case policy
    case primaryKey = "primary-key"
    case procedure
    case publication
    case rule
    case schema
    case sequence
    case server
    case statistics
    case subscription
    case table
    case textSearchConfiguration = "text-search-configuration"
    case textSearchDictionary = "text-search-dictionary"
    case textSearchParser = "text-search-parser"
    case textSearchTemplate = "text-search-template"
    case transform
    case trigger
    case type
    case uniqueConstraint = "unique-constraint"
    case userMapping = "user-mapping"
    case view

    /// Whether such an object belongs to a schema, so that a name without one depends on `search_path`.
    var isInSchema: Bool {
      switch self {
      case .accessMethod, .cast, .eventTrigger, .extension, .foreignDataWrapper, .language, .largeObject,
        .publication, .schema, .server, .subscription, .transform, .userMapping:
        false
      case .aggregate, .checkConstraint, .collation, .conversion, .domain, .exclusionConstraint, .foreignKey,
        .foreignTable, .function, .index, .materializedView, .notNullConstraint, .operator, .operatorClass,
        .operatorFamily, .policy, .primaryKey, .procedure, .rule, .sequence, .statistics, .table,
        .textSearchConfiguration, .textSearchDictionary, .textSearchParser, .textSearchTemplate, .trigger, .type,
        .uniqueConstraint, .view:
        true
      }
    }
  }
}
