internal import RecoverBase

/// The schemas of an exchange: where the tables of each live schema are loaded, and where the replaced ones go.
///
/// Their names are plain ASCII, so that no client encoding of a dump changes them, and tell the run.
package struct ExchangePlaces: Sendable, Hashable, Codable {
  package var run: String
  /// The live schemas of the tables, in their order.
  package var homes: [String]

  package init(run: String, homes: [String]) {
    self.run = run
    self.homes = homes
  }

  package init(run: String, tables: [SQLName]) {
    var homes: [String] = []
    for schema in tables.compactMap(\.schema) where !homes.contains(where: { $0.utf8.elementsEqual(schema.utf8) }) {
      homes.append(schema)
    }
    self.init(run: run, homes: homes)
  }

  /// The schema for the tables of a live schema.
  package func schema(_ role: SideRole, of home: String) -> String {
    let number = homes.firstIndex { $0.utf8.elementsEqual(home.utf8) } ?? 0
    return "recover_\(role.rawValue)_\(run)" + (number == 0 ? "" : "_\(number + 1)")
  }

  package func schemas(_ role: SideRole) -> [String] { homes.map { schema(role, of: $0) } }
}
