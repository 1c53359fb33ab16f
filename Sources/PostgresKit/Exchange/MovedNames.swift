/// Which relations of a dump get another schema while they are loaded beside the live ones.
package struct MovedNames: Sendable, Hashable {
  private var schemas: [SQLName: String] = [:]

  package init() {}

  /// The new schema of a relation; nil for everything that stays.
  ///
  /// - Parameter name: with its schema.
  package subscript(name: SQLName) -> String? {
    get { schemas[name] }
    set { schemas[name] = newValue }
  }

  package var names: some Sequence<SQLName> { schemas.keys }

  /// The name that a relation has beside the live one; the name itself for what stays.
  package func moved(_ name: SQLName) -> SQLName {
    self[name].map { SQLName(schema: $0, name.name) } ?? name
  }
}
