internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import RecoverSteps

/// Archives of a database with one of everything, in each form, made once.
struct ArchiveWorld: Sendable {
  let server: ScratchPostgres
  let database: String
  let directory: String

  private static let made = Result { try ArchiveWorld() }

  static func shared() throws -> ArchiveWorld { try made.get() }

  private init() throws {
    server = try ScratchPostgres.shared()
    database = try server.makeDatabase("everything")
    try server.psql(database, file: Fixtures.path("dumps/everything.sql"))
    directory = try server.makeServerDirectory("archives")
    for form in Self.forms { try archive(form.name, form.options) }
  }

  /// A form by its name, which is its file's too.
  struct Form: Sendable, CustomTestStringConvertible {
    var name: String
    var options: [String]
    var testDescription: String { name }
  }

  static let forms = [
    Form(name: "custom", options: ["-Fc"]), Form(name: "custom-inserts", options: ["-Fc", "--inserts", "-Z0"]),
    Form(name: "directory", options: ["-Fd"]), Form(name: "directory-plain", options: ["-Fd", "-Z0"]),
    Form(name: "tar", options: ["-Ft"]),
  ]

  func path(_ name: String) -> String { "\(directory)/\(name)" }

  @discardableResult
  func archive(_ name: String, _ options: [String], of database: String? = nil) throws -> String {
    let program = [ScratchPostgres.programs + "pg_dump"] + server.connectionArguments(database ?? self.database)
    try TestProcess.output(program + options + ["--file=\(path(name))"])
    return path(name)
  }

  /// A copy that a test may damage.
  func copy(_ name: String) throws -> String {
    let copy = path(ScratchPostgres.uniqueName(name))
    try TestProcess.output(["cp", "-r", path(name), copy])
    return copy
  }

  /// What pg_restore makes of the whole archive, without the lines about a key.
  func script(_ name: String) throws -> [String] {
    Self.lines(try TestProcess.output([ScratchPostgres.programs + "pg_restore", "--file=-", path(name)]))
  }

  static func lines(_ script: [UInt8]) -> [String] {
    script.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
      .map { String(decoding: $0, as: UTF8.self) }
      .filter { !$0.hasPrefix("\\restrict ") && !$0.hasPrefix("\\unrestrict ") }
  }
}
