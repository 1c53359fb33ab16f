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

  /// The name in the dump of what has this name beside the live one; the name itself for anything else.
  func original(_ name: SQLName) -> SQLName {
    schemas.first { $0.value == name.schema && $0.key.name.utf8.elementsEqual(name.name.utf8) }?.key ?? name
  }
}
