/// What one statement of a dump does, as far as a loader, a scheduler and an inspection need it.
///
/// Told from the statement's own words; comments before it are never trusted, since data and bodies of functions can
/// hold fakes. A statement that is written in an unusual way is ``Kind/other(_:)``, never an error.
package struct DumpStatement: Sendable, Hashable {
  package var kind: Kind
  /// The roles that have to exist for it; never PUBLIC or CURRENT_USER and its like.
  package var roles: [String] = []
  /// The tablespace that has to exist for it; `SET default_tablespace` is a ``Kind/setting(_:)``.
  package var tablespace: String?
  /// How it reaches beyond the database that it is run in.
  package var escape: Escape?

  /// - Parameters:
  ///   - statement: one statement with its `;`, as a reader gives it.
  ///   - syntax: what was in force where it stands.
  init(_ statement: Span<UInt8>, syntax: SQLSyntax) {
    var parser = StatementParser(statement, syntax: syntax)
    kind = parser.statement()
    roles = parser.roles
    tablespace = parser.tablespace
    escape = Escape(of: kind)
  }

  /// A statement of which only the kind is known.
  init(_ kind: Kind) {
    self.kind = kind
    escape = Escape(of: kind)
  }
}

extension DumpStatement {
  package enum Kind: Sendable, Hashable {
    /// Nothing but a semicolon.
    case empty

    // The session.
    case setting(DumpSetting)
    /// `SET ROLE`; nil is NONE.
    case setRole(String?)
    /// `SET SESSION AUTHORIZATION`; nil is DEFAULT.
    case setSessionAuthorization(String?)
    case begin
    case commit
    case rollback

    // Rows.
    case copyFromStdin(DumpCopy)
    case copyToStdout
    /// The server's own files and programs; the table is nil for a query.
    case copyServer(SQLName?, DumpCopyDirection)
    case insert(SQLName)
    case setval(SQLName)
    case largeObject(DumpLargeObjectCall)
    case refreshMaterializedView(SQLName)
    case analyze
    case vacuum

    // Objects.
    case create(DumpObject)
    case createIndex(DumpObject, isConcurrent: Bool)
    case drop(DumpObject.Kind, SQLName)
    case alterOwner(DumpObject.Kind, SQLName, role: String)
    case alter(DumpObject.Kind, SQLName)
    case comment(DumpObject.Kind, SQLName)
    /// GRANT or REVOKE on objects of the database; see ``DumpStatement/roles``.
    case privileges
    case defaultPrivileges

    // What does not belong to one database.
    case database(DumpDatabaseChange, name: String)
    /// CREATE, ALTER, DROP, COMMENT ON ROLE; GRANT and REVOKE of membership; and what roles own.
    case role
    /// CREATE, ALTER, DROP, GRANT ON TABLESPACE.
    case tablespace(String)
    case alterSystem
    /// GRANT ON PARAMETER.
    case parameter

    case doBlock
    case load
    /// Anything else, by its first word in lower case.
    case other(String)
  }

  /// A way in which a statement reaches beyond its database: refused, unless the restore is told otherwise.
  package enum Escape: Sendable, Hashable, Codable {
    /// ALTER SYSTEM.
    case serverConfiguration
    /// Rights on the server's parameters; expected among the globals of pg_dumpall, as are the next two.
    case parameter
    /// A role is made, changed, dropped, or becomes a member.
    case role
    case tablespace(String)
    /// Only an escape where the dump is not of this database; ``DumpSurvey`` knows.
    case database(String)
    /// The server runs a program.
    case program
    /// The server reads or writes one of its files.
    case serverFile
    /// The server loads a shared library.
    case library
  }
}

extension DumpStatement.Escape {
  init?(of kind: DumpStatement.Kind) {
    switch kind {
    case .alterSystem: self = .serverConfiguration
    case .parameter: self = .parameter
    case .role: self = .role
    case .tablespace(let name): self = .tablespace(name)
    case .database(_, let name): self = .database(name)
    case .copyServer(_, .fromProgram), .copyServer(_, .toProgram): self = .program
    case .copyServer(_, .fromFile), .copyServer(_, .toFile): self = .serverFile
    case .load: self = .library
    case .empty, .setting, .setRole, .setSessionAuthorization, .begin, .commit, .rollback, .copyFromStdin,
      .copyToStdout, .insert, .setval, .largeObject, .refreshMaterializedView, .analyze, .vacuum, .create,
      .createIndex, .drop, .alterOwner, .alter, .comment, .privileges, .defaultPrivileges, .doBlock, .other:
      return nil
    }
  }
}

/// What a COPY does with a file or program of the server.
package enum DumpCopyDirection: String, Sendable, Hashable, Codable {
  case fromFile = "from-file"
  case fromProgram = "from-program"
  case toFile = "to-file"
  case toProgram = "to-program"
}

/// What a statement does with a database as a whole.
package enum DumpDatabaseChange: Sendable, Hashable, Codable {
  case create
  case drop
  /// SET, RESET, and options such as CONNECTION LIMIT.
  case alter
  case owner(String)
  case comment
  /// GRANT and REVOKE.
  case privileges
  case securityLabel
  /// `ALTER ROLE ... IN DATABASE`; the role is nil for ALL.
  case roleSetting(String?)
}

/// A call that dumps make for large objects (PostgreSQL 15, chapter 35.4); the object's OID where it is named.
package enum DumpLargeObjectCall: Sendable, Hashable {
  case create(UInt32)
  case open(UInt32)
  case write
  case close
  case unlink(UInt32)
}
