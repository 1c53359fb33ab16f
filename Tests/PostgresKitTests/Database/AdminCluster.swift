import PostgresKit
import RecoverBase
import RecoverTestSupport
import Testing

/// A cluster with roles of its own, for tests of what is done to whole databases.
enum AdminCluster {
  private static let made = Result { try make() }

  static func shared() throws -> ScratchPostgres { try made.get() }

  /// Roles: `own` owns databases and may create some; `app` and `report` use them; `boss` is a superuser; `nobody` has no
  /// rights at all.
  static func make(_ settings: [String: String] = [:]) throws -> ScratchPostgres {
    let server = try ScratchPostgres(
      .init(settings: ["wal_level": "logical", "max_connections": "200"].merging(settings) { $1 }))
    try server.sql(
      """
      CREATE ROLE own LOGIN CREATEDB; CREATE ROLE app LOGIN; CREATE ROLE report LOGIN; CREATE ROLE "we ird" LOGIN;
      CREATE ROLE boss LOGIN SUPERUSER; CREATE ROLE nobody LOGIN;
      GRANT app TO own; GRANT SET ON PARAMETER my.note TO own;
      """)
    return server
  }

  /// Who does the work.
  enum Actor: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case superuser = "postgres"
    case owner = "own"

    var testDescription: String { self == .superuser ? "a superuser" : "an owner with CREATEDB" }
  }
}

extension ScratchPostgres {
  /// A connection for administration.
  func admin(_ actor: AdminCluster.Actor = .superuser, database: String = "postgres") throws -> Connection {
    try Connection.administrative(settings(database, user: actor.rawValue))
  }

  /// A database of `own` with every property that a non-superuser can give one, and a table of three rows.
  func makeDecorated(_ name: String = "live") throws -> String {
    let live = Self.uniqueName(name)
    try sql(
      """
      CREATE DATABASE \(live) TEMPLATE template0 OWNER own ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'de-DE-x-icu'
        LC_COLLATE 'C' LC_CTYPE 'C.UTF-8' CONNECTION LIMIT 41;
      """)
    try sql(
      """
      REVOKE TEMP ON DATABASE \(live) FROM PUBLIC;
      GRANT CONNECT ON DATABASE \(live) TO app WITH GRANT OPTION;
      GRANT CREATE ON DATABASE \(live) TO app;
      SET ROLE app; GRANT CONNECT ON DATABASE \(live) TO report; RESET ROLE;
      GRANT TEMP ON DATABASE \(live) TO "we ird" WITH GRANT OPTION;
      ALTER DATABASE \(live) SET search_path = "$user", "we,ird \"\"x\"\"", public;
      ALTER DATABASE \(live) SET work_mem = '7MB';
      ALTER DATABASE \(live) SET "my.note" = 'it''s \\ = 100%';
      ALTER ROLE app IN DATABASE \(live) SET statement_timeout = '3s';
      ALTER ROLE app IN DATABASE \(live) SET search_path = app, public;
      ALTER ROLE own IN DATABASE \(live) SET lock_timeout = '9s';
      COMMENT ON DATABASE \(live) IS 'the live one: it''s \\ "ours"';
      """)
    try sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1), (2), (3)", in: live)
    return live
  }

  /// What pg_dump -C prints of a database's own properties, with `DATABASE` for the name.
  func properties(of database: String) throws -> [String] {
    let text = String(decoding: try pgDump(database, options: ["--create", "--schema-only"]), as: UTF8.self)
    return text.split(separator: "\n").map(String.init)
      .filter { $0.contains(" DATABASE ") && !$0.hasPrefix("--") || $0.contains("SESSION AUTHORIZATION") }
      .map { $0.replacing(database, with: "DATABASE") }
  }
}
