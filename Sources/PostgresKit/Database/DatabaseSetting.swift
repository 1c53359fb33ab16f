/// A setting that ALTER DATABASE or ALTER ROLE IN DATABASE made.
package struct DatabaseSetting: Sendable, Hashable, Codable {
  package var name: String
  /// As pg_db_role_setting holds it.
  package var value: String

  package init(name: String, value: String) {
    self.name = name
    self.value = value
  }

  /// `SET name TO value`, for the end of an ALTER statement.
  var assignment: String { "SET \(Quoting.identifier(name)) TO \(literals)" }

  /// Whether both set the same name to what the server takes for the same value.
  func means(_ other: DatabaseSetting) -> Bool { name == other.name && literals == other.literals }

  /// Settings whose stored value is a list of quoted identifiers (GUC_LIST_QUOTE).
  ///
  /// As one string constant it would become a list of one long name. Extensions can't define any.
  private static let quotedLists: Set<String> = [
    "local_preload_libraries", "search_path", "session_preload_libraries", "shared_preload_libraries",
    "temp_tablespaces", "unix_socket_directories",
  ]
  /// Those of them whose elements are SQL names, which fold to lower case where they are not quoted.
  private static let nameLists: Set<String> = ["search_path", "temp_tablespaces"]

  private var literals: String {
    guard Self.quotedLists.contains(name) else { return Quoting.literal(value) }
    let elements = Self.elements(of: value, folding: Self.nameLists.contains(name))
    return elements.isEmpty ? "''" : elements.map(Quoting.literal).joined(separator: ", ")
  }

  /// The elements of a list with commas between, each bare or in double quotes, where two of them mean one.
  ///
  /// - Parameter folding: whether ASCII letters outside of quotes become lower case.
  static func elements(of list: String, folding: Bool) -> [String] {
    var elements: [String] = []
    var current = String.UnicodeScalarView()
    var isQuoted = false
    var wasQuoted = false
    for scalar in list.unicodeScalars {
      switch (scalar, isQuoted) {
      case ("\"", true):
        isQuoted = false
      case ("\"", false):
        // Right after a closing quotation mark: a mark of the name itself.
        if wasQuoted { current.append("\"") }
        isQuoted = true
        wasQuoted = true
      case (",", false):
        elements.append(String(current))
        (current, wasQuoted) = (String.UnicodeScalarView(), false)
      case (" ", false), ("\t", false), ("\n", false), ("\r", false):
        break
      case ("A"..."Z", false) where folding:
        current.append(Unicode.Scalar(UInt8(scalar.value) | 0x20))
      default:
        current.append(scalar)
      }
    }
    if !current.isEmpty || wasQuoted || !elements.isEmpty { elements.append(String(current)) }
    return elements
  }
}

/// The settings of one role in one database.
package struct RoleSettings: Sendable, Hashable, Codable {
  package var role: String
  package var settings: [DatabaseSetting]
}
