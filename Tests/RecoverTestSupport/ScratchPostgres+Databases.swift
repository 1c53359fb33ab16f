internal import RecoverBase

extension ScratchPostgres {
  /// Makes a database with a unique name, gives it to `body`, and drops it afterwards, sessions and all.
  package func withDatabase<Value>(
    _ name: String = "test", options: String = "", _ body: (String) throws -> Value
  ) throws -> Value {
    let database = try makeDatabase(name, options: options)
    defer { try? dropDatabase(database) }
    return try body(database)
  }

  /// ``withDatabase(_:options:_:)`` for an asynchronous body.
  package func withDatabase<Value>(
    _ name: String = "test", options: String = "", _ body: (String) async throws -> Value
  ) async throws -> Value {
    let database = try makeDatabase(name, options: options)
    defer { try? dropDatabase(database) }
    return try await body(database)
  }

  /// Makes an empty database (from template0) and returns its unique name; it goes with the cluster.
  package func makeDatabase(_ name: String = "test", options: String = "") throws -> String {
    let database = Self.uniqueName(name)
    try sql("CREATE DATABASE \(database) TEMPLATE template0 \(options)")
    return database
  }

  /// Makes a directory that the server may write to, beside its data.
  package func makeServerDirectory(_ name: String) throws -> String {
    try TestProcess.output(["mkdir", "\(directory)/\(name)"], user: Self.serverUser)
    return "\(directory)/\(name)"
  }

  /// Drops a database, and ends whoever is connected to it.
  package func dropDatabase(_ database: String) throws {
    try sql("DROP DATABASE IF EXISTS \"\(database)\" WITH (FORCE)")
  }
}

extension ScratchPostgres {
  /// What psql(1) connects to here, for its command line or for any other program of PostgreSQL.
  package func connectionArguments(_ database: String? = nil) -> [String] {
    let server = ["--host=\(directory)", "--port=\(port)", "--username=\(superuser)"]
    return if let database { server + ["--dbname=\(database)"] } else { server }
  }

  /// Runs SQL through psql with ON_ERROR_STOP, and gives what it prints unaligned, without headers.
  @discardableResult
  package func sql(_ text: String, in database: String = "postgres") throws -> String {
    let output = try TestProcess.output(
      psqlCommand(database) + ["--set=ON_ERROR_STOP=1", "--tuples-only", "--no-align"],
      input: .bytes(Array(text.utf8)))
    var printed = String(decoding: output, as: UTF8.self)
    while printed.last == "\n" { printed.removeLast() }
    return printed
  }

  /// Loads a file as an operator does: `psql -f`, stopping at the first error unless told to go on.
  @discardableResult
  package func psql(
    _ database: String, file: String, stopOnError: Bool = true, user: String? = nil
  ) throws -> TestProcess.Result {
    let result = try TestProcess.run(
      psqlCommand(database, user: user) + ["--set=ON_ERROR_STOP=\(stopOnError ? 1 : 0)", "--file=\(file)"])
    guard result.status == 0 || !stopOnError else {
      throw RecoverError(.stepFailed, "psql exited with \(result.status): \(result.errorText)")
    }
    return result
  }

  /// The plain dump of a database.
  package func pgDump(_ database: String, options: [String] = []) throws -> [UInt8] {
    try TestProcess.output([Self.programs + "pg_dump"] + connectionArguments(database) + options)
  }

  /// The plain dump of the whole cluster.
  package func pgDumpAll(options: [String] = []) throws -> [UInt8] {
    try TestProcess.output([Self.programs + "pg_dumpall"] + connectionArguments() + options)
  }

  private func psqlCommand(_ database: String, user: String? = nil) -> [String] {
    let command = [Self.programs + "psql", "--no-psqlrc", "--quiet"] + connectionArguments(database)
    return if let user { command + ["--username=\(user)"] } else { command }
  }
}
