internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// A password that the server really asks for is looked for wherever it could leak.
@Suite(.serialized)
struct CanaryTests {
  private static let canary = "kanarienvogel4711"

  /// The ways in which a password reaches us.
  enum Way: CaseIterable { case url, passFile, environment, passwordFile }

  private static let server = Result {
    var options = ScratchPostgres.Options()
    options.authentication = ["host all locked 127.0.0.1/32 scram-sha-256"]
    let server = try ScratchPostgres(options)
    try server.sql("CREATE ROLE locked SUPERUSER LOGIN PASSWORD '\(canary)'")
    return server
  }

  /// A lab whose policy connects as the role with the password; the hook copies what every process shows of itself.
  private func lab() throws -> (RecoverLab, dump: String) {
    let server = try Self.server.get()
    let copy = "cat /proc/[0-9]*/cmdline > seen.arguments 2> seen.errors || true"
    let (lab, dump) = try RecoverLab.withNotes(
      server, extraPolicy: "    after-restore: [{name: look, shell: \"\(copy)\"}]")
    try lab.changePolicy("postgres://postgres@", to: "postgres://locked@")
    return (lab, dump)
  }

  /// What has to be given to connect in this way: arguments for the command, and the environment.
  private func access(_ way: Way, _ lab: RecoverLab, _ password: String) throws -> ([String], [String: String]) {
    switch way {
    case .url:
      let url = "postgres://locked:\(password)@127.0.0.1:\(lab.server.port)/\(lab.database)"
      return (["--database", url], [:])
    case .passFile:
      try lab.write("127.0.0.1:*:*:locked:\(password)\n", to: "pass")
      try TestProcess.output(["chmod", "600", "\(lab.directory)/pass"])
      return ([], ["PGPASSFILE": "\(lab.directory)/pass"])
    case .environment: return ([], ["PGPASSWORD": password])
    case .passwordFile:
      try lab.write(password + "\n", to: "secret")
      try TestProcess.output(["chmod", "600", "\(lab.directory)/secret"])
      try lab.changePolicy("    services: [app]", to: "    password-file: \(lab.directory)/secret\n    services: [app]")
      return ([], [:])
    }
  }

  private func expectClean(_ bytes: [UInt8], _ what: String, _ place: SourceLocation = #_sourceLocation) {
    #expect(bytes.firstRange(of: Array(Self.canary.utf8)) == nil, "the password is in \(what)", sourceLocation: place)
  }

  private func expectClean(_ result: TestProcess.Result, _ what: String, _ place: SourceLocation = #_sourceLocation) {
    expectClean(result.output, "the output of \(what)", place)
    expectClean(result.errors, "the errors of \(what)", place)
  }

  /// Looks at a living process's arguments until it ends; before its state directory is there, it has only begun.
  private func watchArguments(_ process: TestProcess, _ lab: RecoverLab) throws {
    while !process.wait(milliseconds: 10) {
      guard lab.exists("state/journal.sqlite") else { continue }
      expectClean(try TestProcess.run(["cat", "/proc/\(process.pid)/cmdline"]), "its arguments")
    }
  }

  @Test("a password shows up nowhere, however it was given", arguments: Way.allCases)
  func nowhere(way: Way) throws {
    let (lab, dump) = try lab()
    let (arguments, environment) = try access(way, lab, Self.canary)
    // First into the middle, then to the end: what is taken up again knows no more than what was journaled.
    let crashed = try lab.start(
      ["db", "--from", dump, "--yes", "--json", "--verbose"] + arguments,
      environment: environment.merging(["RECOVER_CRASH_AT": "load.commit"]) { $1 })
    try watchArguments(crashed, lab)
    let first = crashed.result()
    #expect(first.status == 137, "\(first.errorText)")
    expectClean(first, "the first run")
    let resumed = try lab.recover(
      ["resume", "last", "--json", "--verbose"] + arguments, environment: environment)
    #expect(resumed.status == 0, "\(resumed.errorText)\(resumed.outputText)")
    expectClean(resumed, "the resumed run")
    for command in [
      ["show", "last", "--verbose"], ["show", "last", "--json"], ["logs", "last"], ["runs", "--json"],
      ["policy", "show"], ["lock", "status"],
    ] {
      expectClean(try lab.recover(command, environment: environment), command.joined(separator: " "))
    }
    let found = try TestProcess.run(["grep", "--recursive", "--text", "-l", Self.canary, "\(lab.directory)/state"])
    #expect(found.status == 1, "the password is in \(found.outputText)")
    if way != .url { #expect(lab.exists("seen.arguments"), "the hook did not run") }
    expectClean(try TestProcess.run(["cat", "\(lab.directory)/seen.arguments"]), "a process's arguments")
    let marks = "SELECT string_agg(description, ' ') FROM pg_shdescription; SELECT * FROM pg_stat_activity"
    expectClean(Array(try lab.server.sql(marks).utf8), "the server's catalogs")
  }

  @Test("a wrong password is in no error, and the hint speaks of it", arguments: Way.allCases)
  func wrong(way: Way) throws {
    let (lab, dump) = try lab()
    let before = try Untouched(lab)
    let (arguments, environment) = try access(way, lab, Self.canary + "X")
    let result = try lab.recover(["db", "--from", dump, "--yes", "--verbose"] + arguments, environment: environment)
    try before.expectRefusal(result, status: 1, saying: "check the role's password")
    expectClean(result, "the refused run")
  }

  @Test("a policy with a password in a URL is refused without repeating it")
  func policy() throws {
    let (lab, dump) = try lab()
    let before = try Untouched(lab)
    try lab.changePolicy("locked@", to: "locked:\(Self.canary)@")
    let result = try lab.recover(["db", "--from", dump, "--yes"])
    try before.expectRefusal(result, status: 2)
    expectClean(result, "the refusal")
    #expect(!lab.exists("state/journal.sqlite"))
  }
}
