package import RecoverBase

/// A right that our role lacks for the work, and how it is given.
package struct MissingRight: Sendable, Hashable, Codable {
  package enum Kind: String, Sendable, Hashable, Codable, CaseIterable {
    case createDatabases, ownership, membership, signalBackend, superuser, setParameter, createInTablespace,
      alterRoleSettings, createExtension
  }

  package var kind: Kind
  /// The role, database, parameter or tablespace that the right is on.
  package var subject: String
  /// What our role may not do, lower-case, as a sentence.
  package var message: String
  /// How it is granted.
  package var hint: String

  /// The error of a step that needs it.
  package var error: RecoverError { RecoverError(.missingRequirement, message, hint: hint) }
}

extension MissingRight {
  private static let elseAdmin = "; or give a superuser's admin-url in the policy"

  static func createDatabases(_ role: String) -> MissingRight {
    MissingRight(
      kind: .createDatabases, subject: role, message: "role \(role) may not create or rename databases",
      hint: "ALTER ROLE \(Quoting.identifier(role)) CREATEDB" + elseAdmin)
  }

  static func ownership(of database: String, owner: String, _ role: String) -> MissingRight {
    MissingRight(
      kind: .ownership, subject: database,
      message: "role \(role) has not the privileges of \(owner), the owner of database \(database)",
      hint: "GRANT \(Quoting.identifier(owner)) TO \(Quoting.identifier(role))" + elseAdmin)
  }

  static func membership(in other: String, _ role: String, to purpose: String) -> MissingRight {
    MissingRight(
      kind: .membership, subject: other, message: "role \(role) may not act as \(other), to \(purpose)",
      hint: "GRANT \(Quoting.identifier(other)) TO \(Quoting.identifier(role))" + elseAdmin)
  }

  static func signalBackend(_ user: String, _ role: String) -> MissingRight {
    MissingRight(
      kind: .signalBackend, subject: user, message: "role \(role) may not end the sessions of \(user)",
      hint: "GRANT pg_signal_backend TO \(Quoting.identifier(role))" + elseAdmin)
  }

  static func superuser(_ role: String, to purpose: String, subject: String) -> MissingRight {
    MissingRight(
      kind: .superuser, subject: subject, message: "only a superuser may \(purpose), and role \(role) is none",
      hint: "give a superuser's admin-url in the policy")
  }

  static func setParameter(_ name: String, _ role: String) -> MissingRight {
    MissingRight(
      kind: .setParameter, subject: name, message: "role \(role) may not set \(name) for a database",
      hint: "since 15: GRANT SET ON PARAMETER \(Quoting.identifier(name)) TO \(Quoting.identifier(role))" + elseAdmin)
  }

  static func createInTablespace(_ tablespace: String, _ role: String) -> MissingRight {
    MissingRight(
      kind: .createInTablespace, subject: tablespace,
      message: "role \(role) may not create anything in tablespace \(tablespace)",
      hint: "GRANT CREATE ON TABLESPACE \(Quoting.identifier(tablespace)) TO \(Quoting.identifier(role))" + elseAdmin)
  }

  static func alterRoleSettings(of other: String, _ role: String) -> MissingRight {
    MissingRight(
      kind: .alterRoleSettings, subject: other, message: "role \(role) may not copy the settings of role \(other)",
      hint: "GRANT \(Quoting.identifier(other)) TO \(Quoting.identifier(role))" + elseAdmin)
  }
}
