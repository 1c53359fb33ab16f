package import RecoverBase

/// An error or a notice of a server, with every field that it sent (PostgreSQL, "Error and Notice Message Fields").
///
/// An error travels as the `underlying` of a ``RecoverError``, whose code follows from the SQLSTATE.
package struct PostgresError: Error, Sendable, Hashable {
  /// `ERROR`, `FATAL`, `WARNING`, `NOTICE`, never translated.
  package var severity = "ERROR"
  package var sqlState: SQLState
  package var message: String
  package var detail: String?
  package var hint: String?
  /// The server's call stack: `PL/pgSQL function f() line 3`, `COPY t, line 7, column id: "x"`.
  package var context: String?
  /// Where in the statement, in characters from 1.
  package var position: Int?
  package var schema: String?
  package var table: String?
  package var column: String?
  package var dataType: String?
  package var constraint: String?

  package init(sqlState: SQLState, message: String) {
    self.sqlState = sqlState
    self.message = message
  }
}

extension PostgresError: CustomStringConvertible {
  /// `ERROR 42P01: relation "t" does not exist (detail; context)`, on one line a part.
  package var description: String {
    let head = sqlState == .none ? "\(severity): \(message)" : "\(severity) \(sqlState): \(message)"
    let rest = [("detail", detail), ("hint", hint), ("context", context)]
    return rest.reduce(head) { text, part in
      if let value = part.1 { "\(text)\n\(part.0): \(value)" } else { text }
    }
  }
}

extension PostgresError {
  /// This error for a caller: what was being done, on which server, and what the server said.
  ///
  /// - Parameter action: what was attempted, lower-case, as a clause: `can't drop database x`; empty for none.
  package func recoverError(_ action: String = "") -> RecoverError {
    var text = action.isEmpty ? message : "\(action): \(message)"
    if let detail { text += " (\(detail))" }
    if sqlState != .none { text += " [SQLSTATE \(sqlState)]" }
    return RecoverError(sqlState.code, text, hint: hint, underlying: self)
  }
}

extension RecoverError {
  /// What the server said, where a server's error is behind this one.
  package var postgres: PostgresError? {
    if let error = underlying as? PostgresError { return error }
    return (underlying as? RecoverError)?.postgres
  }

  /// The SQLSTATE behind this error; nil where no server's error is.
  package var sqlState: SQLState? { postgres?.sqlState }
}
