internal import Glibc
internal import RecoverBase

/// A small world around the real binary: a scratch server, a live database, a service made of files, a policy that
/// allows fault injection, and a state directory; all of it gone afterwards.
package final class RecoverLab {
  package let server: ScratchPostgres
  package let directory: String
  /// The live database's name.
  package let database: String

  /// - Parameters:
  ///   - sql: what the live database holds.
  ///   - environment: what the policy says; fault injection needs `development` or `staging`.
  ///   - databasePolicy: further lines about the database, indented by four; `HERE` stands for the lab's directory.
  package init(
    server: ScratchPostgres, sql: String, environment: String = "development", extraPolicy: String = "",
    databasePolicy: String = ""
  ) throws {
    self.server = server
    directory = try Self.temporaryDirectory()
    database = try server.makeDatabase("lab")
    if !sql.isEmpty { try server.sql(sql, in: database) }
    try write("", to: "app.running")
    try write("", to: "healthy")
    let further = databasePolicy.split(separator: "HERE", omittingEmptySubsequences: false).joined(separator: directory)
    try write(
      policy(environment, further.isEmpty ? extraPolicy : further + "\n" + extraPolicy), to: "policies/environment.yaml"
    )
  }

  deinit {
    _ = try? TestProcess.run(["rm", "-rf", directory])
    _ = try? server.sql(
      "SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database WHERE datname LIKE '\(database)%' \\gexec"
    )
  }

  /// Changes a part of the policy's text.
  package func changePolicy(_ part: String, to other: String) throws {
    let file = "\(directory)/policies/environment.yaml"
    let text = String(decoding: try TestProcess.output(["cat", file]), as: UTF8.self)
    try write(text.split(separator: part, omittingEmptySubsequences: false).joined(separator: other), to: file)
  }

  package var url: String { "postgres://\(server.superuser)@127.0.0.1:\(server.port)/\(database)" }

  private func policy(_ environment: String, _ extra: String) -> String {
    """
    version: 1
    environment: \(environment)
    databases:
      app:
        url: \(url)
        services: [app]
        health: [app]
    \(extra)
    services:
      app:
        command:
          start: "touch \(directory)/app.running"
          stop: "rm -f \(directory)/app.running"
          status: "test -f \(directory)/app.running || exit 3"
    health:
      app: {command: {run: "test -f \(directory)/healthy"}, every: 50ms, within: 500ms}
    """
  }

  private static func temporaryDirectory() throws -> String {
    var template = Array("/tmp/recover-lab-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw RecoverError.system(.unreachable, "can't make a directory") }
    return String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }
}

extension RecoverLab {
  /// The binary beside the tests' own.
  package static var binary: String {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = unsafe readlink("/proc/self/exe", &buffer, buffer.count)
    let path = String(decoding: buffer.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let folder = path.split(separator: "/").dropLast().joined(separator: "/")
    return ProcessInfoText.environment("RECOVER_BINARY") ?? "/\(folder)/recover"
  }

  /// Starts the binary with the lab's policy and state.
  package func start(
    _ arguments: [String], environment: [String: String] = [:], state: String = "state",
    input: TestProcess.Input = .nothing, binary: String = RecoverLab.binary, user: TestProcess.User = .ourselves
  ) throws -> TestProcess {
    try TestProcess(
      [binary] + arguments + ["--state", "\(directory)/\(state)", "--policy", "\(directory)/policies"],
      input: input, environment: environment, user: user, directory: directory)
  }

  /// Runs the binary to its end.
  package func recover(
    _ arguments: [String], environment: [String: String] = [:], state: String = "state",
    input: TestProcess.Input = .nothing
  ) throws -> TestProcess.Result {
    try start(arguments, environment: environment, state: state, input: input).result()
  }

  package func write(_ text: String, to name: String) throws {
    let path = name.hasPrefix("/") ? name : "\(directory)/\(name)"
    let folder = path.split(separator: "/").dropLast().joined(separator: "/")
    try TestProcess.output(["mkdir", "-p", "/" + folder])
    try TestProcess.output(["tee", path], input: .bytes(Array(text.utf8)))
  }

  package func remove(_ name: String) throws { try TestProcess.output(["rm", "-f", "\(directory)/\(name)"]) }

  package func exists(_ name: String) -> Bool { unsafe access("\(directory)/\(name)", F_OK) == 0 }
}

extension RecoverLab {
  /// Dumps a database into a file of the lab.
  @discardableResult
  package func dump(_ database: String, to name: String, options: [String] = []) throws -> String {
    let path = "\(directory)/\(name)"
    try TestProcess.output(["tee", path], input: .bytes(try server.pgDump(database, options: options)))
    return path
  }

  /// What a database holds, in a form that two loads of the same dump share: rows sorted within each COPY block.
  package func content(of database: String, options: [String] = []) throws -> [String] {
    DumpText.normalized(String(decoding: try server.pgDump(database, options: options), as: UTF8.self))
  }

  /// One hash over the lines of a database's dump, whatever their order: for databases too large to compare as text.
  package func fingerprint(of database: String) throws -> String {
    let arguments = server.connectionArguments(database).map { "'\($0)'" }.joined(separator: " ")
    let dump = "\(ScratchPostgres.programs)pg_dump \(arguments) | grep -v restrict | LC_ALL=C sort | sha256sum"
    return String(decoding: try TestProcess.output(["sh", "-c", dump]), as: UTF8.self)
  }

  /// What psql makes of a dump.
  package func contentByPsql(_ file: String, stopOnError: Bool = true) throws -> [String] {
    try server.withDatabase("psql") { database in
      try server.psql(database, file: file, stopOnError: stopOnError)
      return try content(of: database)
    }
  }

  /// The OID of a database; nil when there is none.
  package func oid(of database: String) throws -> Int? {
    Int(try server.sql("SELECT oid FROM pg_database WHERE datname = '\(database)'"))
  }

  /// The databases that recover made for the live one, by name.
  package func companions() throws -> [String] {
    try server.sql("SELECT datname FROM pg_database WHERE datname LIKE '\(database)\\_%' ORDER BY 1")
      .split(separator: "\n").map(String.init)
  }
}

/// Dumps as text that can be compared.
package enum DumpText {
  /// The lines without comments and restrict keys, rows of each COPY block sorted.
  package static func normalized(_ dump: String) -> [String] {
    var lines: [String] = []
    var block: [String]?
    for line in dump.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if block != nil {
        if line == "\\." {
          lines += (block ?? []).sorted() + [line]
          block = nil
        } else {
          block?.append(line)
        }
        continue
      }
      if line.isEmpty || line.hasPrefix("--") || line.hasPrefix("\\restrict") || line.hasPrefix("\\unrestrict") {
        continue
      }
      lines.append(line)
      if line.hasPrefix("COPY "), line.hasSuffix("FROM stdin;") { block = [] }
    }
    return lines
  }
}

/// What the tests were started with.
package enum ProcessInfoText {
  package static func environment(_ name: String) -> String? {
    guard let value = unsafe getenv(name) else { return nil }
    return unsafe String(cString: value)
  }

  /// Whether the long tier runs too.
  package static var isLong: Bool { environment("RECOVER_LONG") != nil }
}
