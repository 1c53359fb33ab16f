/// What tells an object of a dump from every other one, whichever statement speaks of it.
///
/// Several objects can share a key where that makes no difference to a selection: operators that differ by their
/// arguments alone.
struct DumpObjectKey: Sendable, Hashable {
  var kind: Kind
  var name: SQLName
  /// The relation that it belongs to; for what has no name of its own in a schema: constraint, trigger, rule, policy.
  var table: SQLName?
  /// A routine's arguments without their defaults, as they tell routines of one name apart.
  var signature: String?

  enum Kind: Sendable, Hashable {
    /// Table, view, materialized view, foreign table, sequence: they share their names.
    case relation
    case type
    case routine
    case index
    case constraint
    case trigger
    case rule
    case policy
    case statistics
    case other(DumpObject.Kind)

    init(_ kind: DumpObject.Kind) {
      switch kind {
      case .table, .view, .materializedView, .foreignTable, .sequence: self = .relation
      case .type, .domain: self = .type
      case .function, .procedure, .aggregate: self = .routine
      case .index: self = .index
      case .primaryKey, .uniqueConstraint, .foreignKey, .checkConstraint, .exclusionConstraint, .notNullConstraint:
        self = .constraint
      case .trigger: self = .trigger
      case .rule: self = .rule
      case .policy: self = .policy
      case .statistics: self = .statistics
      case .accessMethod, .cast, .collation, .conversion, .eventTrigger, .extension, .foreignDataWrapper, .language,
        .largeObject, .operator, .operatorClass, .operatorFamily, .publication, .schema, .server, .subscription,
        .textSearchConfiguration, .textSearchDictionary, .textSearchParser, .textSearchTemplate, .transform,
        .userMapping:
        self = .other(kind)
      }
    }
  }

  init(_ kind: Kind, _ name: SQLName, table: SQLName? = nil, signature: String? = nil) {
    self.kind = kind
    self.name = name
    self.table = table
    self.signature = signature
  }

  static func relation(_ name: SQLName) -> DumpObjectKey { DumpObjectKey(.relation, name) }

  /// Names without a schema, looked up in one.
  func resolved(in schema: String?) -> DumpObjectKey {
    guard let schema else { return self }
    func resolved(_ name: SQLName) -> SQLName { SQLName(schema: name.schema ?? schema, name.name) }
    var key = self
    if let table { key.table = resolved(table) }
    switch kind {
    case .other(let kind) where !kind.isInSchema: break
    default: key.name = resolved(name)
    }
    return key
  }
}
