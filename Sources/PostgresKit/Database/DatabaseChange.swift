internal import RecoverBase

/// One statement that changes a database's own properties, and what it is for.
struct DatabaseChange: Sendable, Hashable {
  enum Purpose: Sendable, Hashable {
    case owner(String)
    case revoke
    /// The grantor that the statement acts as, where it is not the owner.
    case grant(grantor: String)
    case setting(String)
    case roleSettings(String)
    case attributes
    case comment
    case label(provider: String)
    case rename
  }

  var sql: String
  var purpose: Purpose

  init(_ sql: String, _ purpose: Purpose) {
    self.sql = sql
    self.purpose = purpose
  }
}

extension DatabaseChange {
  /// Runs it.
  ///
  /// - Throws: ``RecoverError`` that says what could not be done, without the values of settings; for a right that is
  ///   missing, which one.
  func run(on database: String, _ connection: inout Connection) throws {
    do {
      try connection.execute(sql)
    } catch let error as RecoverError {
      guard let postgres = error.postgres, !connection.isLost else { throw error }
      if error.sqlState == .insufficientPrivilege, var right = missingRight(on: database, connection.user)?.error {
        right.underlying = postgres
        throw right
      }
      var described = postgres.recoverError("can't \(action) database \(database)")
      described.code = error.code
      throw described
    }
  }

  /// A clause with `database x` as its object.
  private var action: String {
    switch purpose {
    case .owner(let owner): "make \(owner) the owner of"
    case .revoke: "revoke privileges on"
    case .grant(let grantor): "grant as \(grantor) on"
    case .setting(let name): "copy setting \(name) to"
    case .roleSettings(let role): "copy the settings of role \(role) to"
    case .attributes: "set connection limit and attributes of"
    case .comment: "comment on"
    case .label(let provider): "set the label of \(provider) on"
    case .rename: "rename"
    }
  }

  private func missingRight(on database: String, _ role: String) -> MissingRight? {
    switch purpose {
    case .owner(let owner): .membership(in: owner, role, to: "make it the owner of database \(database)")
    case .grant(let grantor): .membership(in: grantor, role, to: "repeat its grants on database \(database)")
    case .setting(let name): .setParameter(name, role)
    case .roleSettings(let other): .alterRoleSettings(of: other, role)
    case .rename: .createDatabases(role)
    case .revoke, .attributes, .comment, .label: nil
    }
  }
}
