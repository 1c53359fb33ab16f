internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// Files of pg_dumpall: what they hold, and all of their databases.
@Suite(.serialized)
struct ClusterDumpTests {
  /// A server with three databases beside its own, and its dump in a lab whose database is one of them.
  private func scene() throws -> (ScratchPostgres, RecoverLab, names: [String]) {
    let server = try ScratchPostgres()
    let lab = try RecoverLab(server: server, sql: "CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 10)")
    var names = [lab.database]
    for (name, rows) in [("a\"; b", 20), ("zoo", 30)] {
      try server.sql("CREATE DATABASE \"\(name.split(separator: "\"").joined(separator: "\"\""))\"")
      try server.sql("CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, \(rows))", in: name)
      names.append(name)
    }
    try lab.write(String(decoding: try server.pgDumpAll(), as: UTF8.self), to: "all.sql")
    return (server, lab, names.sorted())
  }

  private func counts(_ server: ScratchPostgres, _ names: [String]) throws -> [String] {
    try names.map { try server.sql("SELECT count(*) FROM t", in: $0) }
  }

  @Test("the databases of a pg_dumpall file are listed, and all of them restored, in order")
  func all() throws {
    let (server, lab, names) = try scene()
    let list = try lab.recover(["db", "--from", "all.sql", "--list-databases", "--json"])
    #expect(list.status == 0, "\(list.errorText)")
    for name in names { #expect(try list.outputText.contains(JSONValue.string(name).canonicalText), "\(name)") }
    let people = try lab.recover(["db", "--from", "all.sql", "--list-databases"])
    #expect(people.outputText.contains("DATABASE") && people.outputText.contains("zoo"))
    for name in names { try server.sql("DELETE FROM t", in: name) }
    let plan = try lab.recover(["db", "--from", "all.sql", "--all-databases", "--plan"])
    #expect(plan.status == 0, "\(plan.errorText)")
    #expect(plan.outputText.contains("planned: \(names.joined(separator: ", "))"), "\(plan.outputText)")
    let result = try lab.recover(["db", "--from", "all.sql", "--all-databases", "--yes"])
    #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
    #expect(result.outputText.contains("restored: \(names.joined(separator: ", "))"), "\(result.outputText)")
    #expect(try counts(server, names).sorted() == ["10", "20", "30"])
    #expect(lab.exists("app.running"), "the service does not run")
  }

  @Test("the first database that fails is the last, and what was done is said")
  func stops() throws {
    let (server, lab, names) = try scene()
    // The second one's rows can't be loaded.
    let script = """
      BEGIN { n = 0 } /^COPY public.t / { n++ } { print } /^COPY public.t / && n == 2 { print "no number" }
      """
    try TestProcess.output(["sh", "-c", "awk '\(script)' all.sql > broken.sql"], directory: lab.directory)
    for name in names { try server.sql("DELETE FROM t", in: name) }
    let result = try lab.recover([
      "db", "--from", "broken.sql", "--all-databases", "--confirm", names.joined(separator: ","),
    ])
    #expect(result.status == 3, "\(result.status) \(result.errorText)\(result.outputText)")
    #expect(
      result.outputText.contains("restored: \(names[0]); failed: \(names[1]); not begun: \(names[2])"),
      "\(result.outputText)")
    #expect(try counts(server, names).map { $0 == "0" } == [false, true, true])
    let other = try lab.recover(["db", "--from", "all.sql", "--all-databases", "--confirm", names[0]])
    #expect(other.status == 7, "\(other.errorText)")
  }
}

extension JSONValue {
  fileprivate var canonicalText: String {
    get throws { String(decoding: try canonicalBytes(), as: UTF8.self) }
  }
}

/// `--with-roles`: what a cluster's databases share.
@Suite(.serialized)
struct ClusterRolesTests {
  /// A dump of a server with roles, and the directory of its tablespace.
  private struct Origin {
    let dump: String
    let tablespace: String
    let secret: String

    init() throws {
      let server = try ScratchPostgres()
      tablespace = try server.makeServerDirectory("space")
      try server.sql("CREATE ROLE \"we; \"\"ird\" LOGIN PASSWORD 'a secret' CONNECTION LIMIT 3")
      try server.sql("CREATE ROLE known NOLOGIN; CREATE ROLE team; GRANT team TO \"we; \"\"ird\" WITH ADMIN OPTION")
      try server.sql("ALTER ROLE \"we; \"\"ird\" SET work_mem = '8MB'; COMMENT ON ROLE team IS 'it''s a team'")
      try server.sql("GRANT SET ON PARAMETER work_mem TO team; GRANT known TO team")
      try server.sql("CREATE TABLESPACE space OWNER team LOCATION '\(tablespace)'")
      try server.sql("CREATE DATABASE app")
      try server.sql(
        """
        CREATE TABLE t (a int) TABLESPACE space; INSERT INTO t VALUES (1), (2);
        ALTER TABLE t OWNER TO "we; ""ird"; GRANT SELECT ON t TO team, known
        """, in: "app")
      dump = String(decoding: try server.pgDumpAll(), as: UTF8.self)
      secret = try server.sql("SELECT rolpassword FROM pg_authid WHERE rolpassword IS NOT NULL")
    }
  }

  private static let origin = Result { try Origin() }
  /// A server that has one of the roles, which is another there.
  private static let target = Result {
    let server = try ScratchPostgres()
    try server.sql("CREATE ROLE known LOGIN CONNECTION LIMIT 7")
    return server
  }

  /// - Parameter server: where to restore; nil for a server that other tests use too, and leave as they found it.
  private func scene(on server: ScratchPostgres? = nil) throws -> (ScratchPostgres, RecoverLab, secret: String) {
    let (origin, server) = (try Self.origin.get(), try server ?? Self.target.get())
    let lab = try RecoverLab(server: server, sql: DumpEqualityTests.live)
    // A directory of the other server's own.
    let space = try server.makeServerDirectory(ScratchPostgres.uniqueName("space"))
    try lab.write(
      origin.dump.split(separator: origin.tablespace, omittingEmptySubsequences: false).joined(separator: space),
      to: "all.sql")
    return (server, lab, origin.secret)
  }

  private static let roles = """
    SELECT rolname, rolcanlogin, rolconnlimit, rolpassword, shobj_description(a.oid, 'pg_authid'), s.setconfig,
      (SELECT array_agg(r.rolname::text || m.admin_option ORDER BY 1) FROM pg_auth_members m
        JOIN pg_roles r ON r.oid = m.roleid WHERE m.member = a.oid)
    FROM pg_authid a LEFT JOIN pg_db_role_setting s ON s.setrole = a.oid AND s.setdatabase = 0
    WHERE rolname !~ '^pg_' ORDER BY 1
    """

  private func expectNoSecret(_ lab: RecoverLab, _ secret: String, _ results: [TestProcess.Result]) throws {
    #expect(secret.hasPrefix("SCRAM"))
    for result in results { #expect(!result.outputText.contains("SCRAM") && !result.errorText.contains("SCRAM")) }
    // The state directory: journal, surveys, logs. The dump is not in it.
    let found = try TestProcess.run(["grep", "-r", "-l", "-F", "--text", secret, "\(lab.directory)/state"])
    #expect(found.outputText.isEmpty, "\(found.outputText)")
  }

  @Test("roles, memberships and tablespaces that are missing are made, and what is there is left as it is")
  func made() throws {
    let own = try ScratchPostgres()
    try own.sql("CREATE ROLE known LOGIN CONNECTION LIMIT 7")
    let (server, lab, secret) = try scene(on: own)
    let without = try lab.recover(["db", "--yes", "--from", "all.sql", "--segment", "app"])
    #expect(without.status == 1, "\(without.errorText)")
    #expect(without.errorText.contains("--with-roles"), "\(without.errorText)")
    let result = try lab.recover(["db", "--yes", "--from", "all.sql", "--segment", "app", "--with-roles"])
    #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
    #expect(
      try server.sql(Self.roles) == """
        known|t|7||||
        postgres|t|-1||||
        team|f|-1||it's a team||{knownfalse}
        we; "ird|t|3|\(secret)||{work_mem=8MB}|{teamtrue}
        """)
    #expect(try server.sql("SELECT pg_get_userbyid(spcowner) FROM pg_tablespace WHERE spcname = 'space'") == "team")
    #expect(
      try server.sql("SELECT count(*), min(tableowner) FROM t, pg_tables WHERE tablename = 't'", in: lab.database)
        == "2|we; \"ird")
    try expectNoSecret(lab, secret, [without, result])
    // Again: nothing is missing.
    let again = try lab.recover(["db", "--yes", "--from", "all.sql", "--segment", "app", "--with-roles"])
    #expect(again.status == 0, "\(again.errorText)\(again.outputText)")
  }

  @Test(
    "a recovery that fails drops the roles and tablespaces that it made, and no other",
    arguments: [
      nil, "roles.before-commit", "roles.after-commit", "step-succeeded.roles",
    ])
  func dropped(crashPoint: String?) throws {
    let (server, lab, secret) = try scene()
    let before = try server.sql(Self.roles)
    // Its rows can't be loaded.
    try TestProcess.output(["sed", "-i", "s/^1$/no number/", "\(lab.directory)/all.sql"])
    let arguments = ["db", "--yes", "--from", "all.sql", "--segment", "app", "--with-roles"]
    var result = try lab.recover(arguments, environment: crashPoint.map { ["RECOVER_CRASH_AT": $0] } ?? [:])
    if let crashPoint {
      #expect(result.status == 137, "\(crashPoint) was not reached: \(result.errorText)")
      if crashPoint == "roles.before-commit" { #expect(try server.sql(Self.roles) == before) }
      result = try lab.recover(["resume", "last"])
    }
    #expect(result.status == 3, "\(result.errorText)\(result.outputText)")
    #expect(try server.sql(Self.roles) == before)
    #expect(try server.sql("SELECT count(*) FROM pg_tablespace") == "2")
    try expectNoSecret(lab, secret, [result])
  }

  @Test("a role that somebody made in the place of ours is left alone")
  func strangers() throws {
    let (server, lab, _) = try scene()
    let before = try server.sql(Self.roles)
    try TestProcess.output(["sed", "-i", "s/^1$/no number/", "\(lab.directory)/all.sql"])
    let crashed = try lab.recover(
      ["db", "--yes", "--from", "all.sql", "--segment", "app", "--with-roles"],
      environment: ["RECOVER_CRASH_AT": "step-succeeded.roles"])
    #expect(crashed.status == 137, "\(crashed.errorText)")
    try server.sql("DROP ROLE \"we; \"\"ird\"; CREATE ROLE \"we; \"\"ird\" CONNECTION LIMIT 5")
    let result = try lab.recover(["resume", "last"])
    #expect(result.status == 3, "\(result.errorText)\(result.outputText)")
    #expect(try server.sql(Self.roles) == before + "\nwe; \"ird|f|5||||")
    try server.sql("DROP ROLE \"we; \"\"ird\"")
  }

  @Test("a statement that the server refuses is named without its password, and nothing is made")
  func refused() throws {
    let (server, lab, secret) = try scene()
    let before = try server.sql(Self.roles)
    try TestProcess.output([
      "sed", "-i", "s/CONNECTION LIMIT 3 PASSWORD/CONNECTION OOPS PASSWORD/", "\(lab.directory)/all.sql",
    ])
    let result = try lab.recover(["db", "--yes", "--from", "all.sql", "--segment", "app", "--with-roles", "--verbose"])
    #expect(result.status != 0)
    #expect(result.errorText.contains("give role we; \"ird its properties"), "\(result.errorText)\(result.outputText)")
    #expect(try server.sql(Self.roles) == before)
    try expectNoSecret(lab, secret, [result])
  }

  @Test("a backup of ours that has its roles beside it makes them")
  func backup() throws {
    let origin = try RecoverLab(server: try ScratchPostgres(), sql: DumpEqualityTests.live)
    try origin.server.sql("CREATE ROLE team; ALTER TABLE note OWNER TO team", in: origin.database)
    let backup = try origin.makeBackup(origin.database, ["--with-roles"])
    let lab = try RecoverLab(server: try ScratchPostgres(), sql: "")
    let result = try lab.recover(["db", "--yes", "--from", backup, "--with-roles"])
    #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
    #expect(try lab.server.sql("SELECT tableowner FROM pg_tables WHERE tablename = 'note'", in: lab.database) == "team")
  }

  @Test("--with-roles of a dump that has none is refused")
  func none() throws {
    let (lab, dump) = try RecoverLab.withNotes(try ScratchPostgres.shared())
    try Untouched(lab).expectRefusal(
      try lab.recover(["db", "--yes", "--from", dump, "--with-roles"]), status: 2, saying: "makes no roles")
  }
}
