internal import RecoverBase

/// Makes the roles and tablespaces of a dump that a server lacks, and alters none that it has.
package struct GlobalsCreation: Sendable {
  private let globals: DumpGlobals
  /// What the server lacked at first, by name.
  private let roles: Set<String>
  private let tablespaces: Set<String>

  /// - Parameter missing: what ``missing(of:_:)`` gave before anything was made.
  package init(_ globals: DumpGlobals, missing: Globals) {
    self.globals = globals
    roles = Set(missing.roles)
    tablespaces = Set(missing.tablespaces)
  }

  /// What of a dump's roles and tablespaces the server lacks.
  package static func missing(of globals: DumpGlobals, _ connection: inout Connection) throws -> Globals {
    let oids = try GlobalOIDs.read(Globals(roles: globals.roles, tablespaces: globals.tablespaces), &connection)
    return Globals(
      roles: globals.roles.filter { oids.roles[$0] == nil },
      tablespaces: globals.tablespaces.filter { oids.tablespaces[$0] == nil })
  }

  /// Makes all missing roles in one transaction: all of them or none.
  ///
  /// - Parameter beforeCommit: is given their OIDs; when it throws, nothing was made.
  package func makeRoles(
    _ connection: inout Connection, beforeCommit: ([String: UInt32]) throws -> Void
  ) throws {
    guard !roles.isEmpty else { return }
    let names = globals.roles.filter { roles.contains($0) }
    try connection.transaction { connection in
      try inDumpSession(&connection) { connection in
        for statement in globals.statements where isAboutRoles(statement.subject) {
          try run(statement, &connection)
        }
      }
      let made = try GlobalOIDs.read(Globals(roles: names), &connection).roles
      try beforeCommit(made)
    }
  }

  /// Makes one missing tablespace, which can't be done in a transaction.
  package func makeTablespace(_ name: String, _ connection: inout Connection) throws {
    try inDumpSession(&connection) { connection in
      for statement in globals.statements {
        switch statement.subject {
        case .createTablespace(name), .tablespace(name): try run(statement, &connection)
        default: continue
        }
      }
    }
  }

  /// Whether a statement is about roles that were missing; a membership, also where one of both was.
  private func isAboutRoles(_ subject: DumpGlobals.Subject) -> Bool {
    switch subject {
    case .createRole(let name), .role(let name): roles.contains(name)
    case .membership(let role, let member): roles.contains(role) || roles.contains(member)
    case .parameter(let grantees): !grantees.isEmpty && roles.isSuperset(of: grantees)
    case .createTablespace, .tablespace: false
    }
  }

  /// Runs `body` while the session reads SQL as the dump writes it.
  private func inDumpSession(
    _ connection: inout Connection, _ body: (inout Connection) throws -> Void
  ) throws {
    let before = connection.parameterStatus("client_encoding") ?? "UTF8"
    try connection.execute("SET client_encoding TO \(Quoting.literal(globals.clientEncoding ?? before))")
    try connection.execute("SET standard_conforming_strings TO \(globals.hasStandardStrings ? "on" : "off")")
    try body(&connection)
    try connection.execute("SET standard_conforming_strings TO on")
    try connection.execute("SET client_encoding TO \(Quoting.literal(before))")
  }

  /// - Throws: ``RecoverError`` without the server's words: it repeats a part of the statement, which may hold a password.
  private func run(_ statement: DumpGlobals.Statement, _ connection: inout Connection) throws {
    do {
      try connection.execute(bytes: statement.text)
    } catch let error as RecoverError {
      let state = error.sqlState.map { " (SQLSTATE \($0))" } ?? ""
      throw RecoverError(
        error.code, "line \(statement.line) of the dump: the server refuses to \(statement.subject.action)\(state)",
        hint: statement.subject.hint)
    }
  }
}

/// Names of roles and tablespaces.
package struct Globals: Sendable, Hashable, Codable {
  package var roles: [String]
  package var tablespaces: [String]

  package init(roles: [String] = [], tablespaces: [String] = []) {
    self.roles = roles
    self.tablespaces = tablespaces
  }

  package var isEmpty: Bool { roles.isEmpty && tablespaces.isEmpty }
}

/// Roles and tablespaces that are there, by name.
package struct GlobalOIDs: Sendable, Hashable, Codable {
  package var roles: [String: UInt32]
  package var tablespaces: [String: UInt32]

  package init(roles: [String: UInt32] = [:], tablespaces: [String: UInt32] = [:]) {
    self.roles = roles
    self.tablespaces = tablespaces
  }

  /// Those of the names that are there.
  package static func read(_ names: Globals, _ connection: inout Connection) throws -> GlobalOIDs {
    func found(_ names: [String], _ table: String, _ column: String) throws -> [String: UInt32] {
      let asked = String(decoding: try JSONValue.canonicalBytes(of: names), as: UTF8.self)
      let rows = try connection.rows(
        """
        SELECT \(column), oid FROM pg_catalog.\(table)
        WHERE \(column) IN (SELECT n::name FROM jsonb_array_elements_text($1::jsonb) AS n)
        """, [asked])
      return Dictionary(
        rows.compactMap { row in
          guard let name = row[0], let oid = row[1].flatMap({ UInt32($0) }) else { return nil }
          return (name, oid)
        }, uniquingKeysWith: { first, _ in first })
    }
    return GlobalOIDs(
      roles: try found(names.roles, "pg_roles", "rolname"),
      tablespaces: try found(names.tablespaces, "pg_tablespace", "spcname"))
  }

  /// Drops those that still have these OIDs; others of their names are others.
  ///
  /// - Returns: what stays since something depends on it: of a copy that is kept, for instance.
  package func drop(_ connection: inout Connection) throws -> Globals {
    var kept = Globals()
    let there = try Self.read(Globals(roles: roles.keys.sorted(), tablespaces: tablespaces.keys.sorted()), &connection)
    for (name, oid) in tablespaces.sorted(by: { $0.key < $1.key }) where there.tablespaces[name] == oid {
      if try !Self.drop("TABLESPACE", name, &connection) { kept.tablespaces.append(name) }
    }
    for (name, oid) in roles.sorted(by: { $0.key < $1.key }) where there.roles[name] == oid {
      try Self.revokeParameters(of: name, oid, &connection)
      if try !Self.drop("ROLE", name, &connection) { kept.roles.append(name) }
    }
    return kept
  }

  /// A right on a parameter keeps a role from being dropped (since 15).
  private static func revokeParameters(of role: String, _ oid: UInt32, _ connection: inout Connection) throws {
    guard try connection.value("SELECT to_regclass('pg_catalog.pg_parameter_acl')") != nil else { return }
    let rows = try connection.rows(
      """
      SELECT DISTINCT parname FROM pg_catalog.pg_parameter_acl, pg_catalog.aclexplode(paracl) AS a
      WHERE a.grantee = $1::oid
      """, [String(oid)])
    for parameter in rows.compactMap({ $0.first ?? nil }) {
      let name = parameter.split(separator: ".").map { Quoting.identifier(String($0)) }.joined(separator: ".")
      try connection.execute("REVOKE ALL ON PARAMETER \(name) FROM \(Quoting.identifier(role))")
    }
  }

  private static func drop(_ kind: String, _ name: String, _ connection: inout Connection) throws -> Bool {
    do {
      try connection.execute("DROP \(kind) IF EXISTS \(Quoting.identifier(name))")
      return true
    } catch let error as RecoverError {
      // dependent_objects_still_exist; a tablespace that is not empty.
      guard [SQLState("2BP01"), .activeObject].contains(error.sqlState) else { throw error }
      return false
    }
  }
}

extension SQLState {
  /// object_not_in_prerequisite_state: DROP TABLESPACE says it of one that is not empty.
  fileprivate static let activeObject: SQLState = "55000"
}

extension DumpGlobals.Subject {
  fileprivate var action: String {
    switch self {
    case .createRole(let name): "make role \(name)"
    case .role(let name): "give role \(name) its properties"
    case .membership(let role, let member): "make \(member) a member of role \(role)"
    case .createTablespace(let name): "make tablespace \(name)"
    case .tablespace(let name): "give tablespace \(name) its properties"
    case .parameter(let grantees): "grant rights on a parameter to \(grantees.joined(separator: ", "))"
    }
  }

  fileprivate var hint: String {
    switch self {
    case .createTablespace:
      "its directory must be there on the server's machine, empty, and the server's own; or make it yourself first"
    case .createRole, .role, .membership, .tablespace, .parameter:
      "connect as a superuser, or make it yourself first: what is there is left as it is"
    }
  }
}
