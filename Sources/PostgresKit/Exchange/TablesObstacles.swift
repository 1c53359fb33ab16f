internal import RecoverBase

/// What of a live database keeps tables from being loaded beside their live ones.
package enum TablesObstacles {
  /// One line for each.
  package static func read(_ tables: [SQLName], _ connection: inout Connection) throws -> [String] {
    var problems = try connection.rows(
      "SELECT pubname FROM pg_catalog.pg_publication WHERE puballtables ORDER BY pubname"
    ).map {
      "publication \($0[0] ?? "") is FOR ALL TABLES, and would publish the tables under their names of meanwhile"
    }
    if try LoadLedger.exists(&connection) {
      problems.append("schema \(LoadLedger.schema) is there: another load is at work, or was abandoned")
    }
    for table in tables {
      let schema = table.schema ?? ""
      guard try connection.value("SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = $1::name", [schema]) != nil
      else {
        problems.append("there is no schema \(schema) in the live database")
        continue
      }
      // In an expression, a function's name could not be told from a table's.
      let function = try connection.value(
        """
        SELECT p.oid::regprocedure FROM pg_catalog.pg_proc AS p JOIN pg_catalog.pg_namespace AS n
          ON n.oid = p.pronamespace WHERE n.nspname = $1::name AND p.proname = $2::name LIMIT 1
        """, [schema, table.name])
      if let function { problems.append("function \(function) has the name of a table") }
    }
    return problems
  }
}
