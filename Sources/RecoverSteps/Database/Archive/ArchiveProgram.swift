internal import Glibc
internal import HostKit
internal import PostgresKit
internal import RecoverBase
internal import Synchronization

/// A pg_restore of this machine.
package struct ArchiveProgram: Sendable, Hashable {
  /// The name or the path to run.
  let path: String
  let version: DumpVersion
  /// Whether it writes `\restrict`, and takes a key for that (since the minor versions of August 2025).
  let hasRestrictKey: Bool

  /// `/usr/lib/postgresql/15/bin/pg_restore 15.18`.
  package var text: String { "\(path) \(version.text)" }

  /// The pg_restore programs that are there, oldest first: where Debian and Red Hat keep one for each version, then the
  /// one in `PATH`.
  package static func installed() -> [ArchiveProgram] {
    found.withLock { found in
      if let programs = found { return programs }
      var programs: [ArchiveProgram] = []
      for major in 9...40 {
        for path in ["/usr/lib/postgresql/\(major)/bin/pg_restore", "/usr/pgsql-\(major)/bin/pg_restore"]
        where unsafe access(path, X_OK) == 0 {
          if let program = ArchiveProgram(path) { programs.append(program) }
        }
      }
      if let program = ArchiveProgram("pg_restore"), !programs.contains(where: { $0.version == program.version }) {
        programs.append(program)
        programs.sort { $0.version.number < $1.version.number }
      }
      found = programs
      return programs
    }
  }

  private static let found = Mutex<[ArchiveProgram]?>(nil)

  /// The oldest that reads an archive: a newer one writes settings that an older server does not know.
  ///
  /// - Throws: ``RecoverError`` `backupRefused` with the version that is needed.
  static func find(for header: ArchiveHeader, of path: String) throws -> ArchiveProgram {
    let all = installed()
    guard let newest = all.last else {
      throw RecoverError(
        .backupRefused, "\(path) is an archive of pg_dump, and no pg_restore is on this machine to read it with",
        hint: "install the client of PostgreSQL \(header.neededMajor ?? 17) or newer (Debian: postgresql-client)")
    }
    guard let needed = header.neededMajor else { return newest }
    if let program = all.first(where: { $0.version.major >= needed }) { return program }
    throw RecoverError(
      .backupRefused,
      "\(path) is of a newer pg_dump: its format \(header.text) needs pg_restore \(needed) or newer, and the newest"
        + " here is \(newest.text)",
      hint: "install the client of PostgreSQL \(needed) (Debian: postgresql-client-\(needed))")
  }

  /// A program that says which version it is; nil when it does not.
  private init?(_ path: String) {
    guard let said = try? ChildStream.output(of: Command([path, "--version"]), limitBytes: 4096),
      case .exited(0) = said.result.ending
    else { return nil }
    // `pg_restore (PostgreSQL) 15.18 (Debian ...)`.
    let words = String(decoding: said.bytes, as: UTF8.self).split(whereSeparator: \.isWhitespace)
    guard let version = words.dropFirst(2).first.flatMap({ DumpVersion(String($0)) }) else { return nil }
    self.path = path
    self.version = version
    let help = try? ChildStream.output(of: Command([path, "--help"]), limitBytes: 1 << 20).bytes
    hasRestrictKey = String(decoding: help ?? [], as: UTF8.self).contains("--restrict-key")
  }
}

extension ArchiveProgram {
  /// `pg_restore --list`: a line for each entry.
  func list(_ archive: String, _ interruption: Interruption?) throws -> [UInt8] {
    try output([archive], list: nil, of: archive, interruption)
  }

  /// What is written for entries: the SQL of all of them in the order in which they are restored.
  func script(of archive: String, entries: [Int32], key: String) throws -> ChildStream {
    let (arguments, input) = scriptArguments(archive, entries: entries, key: key)
    return try ChildStream(Command([path] + arguments), input: input)
  }

  /// What is written where nothing is chosen: the front and the end that every script has.
  func emptyScript(of archive: String, key: String, _ interruption: Interruption?) throws -> [UInt8] {
    let (arguments, input) = scriptArguments(archive, entries: [], key: key)
    return try output(arguments, list: input, of: archive, interruption)
  }

  private func scriptArguments(_ archive: String, entries: [Int32], key: String) -> ([String], [UInt8]) {
    let restrict = hasRestrictKey ? ["--restrict-key=\(key)"] : []
    // A name that begins with a dash is no option behind the two.
    return (
      ["--file=-", "--use-list=/dev/stdin"] + restrict + ["--", archive],
      Array(entries.map { "\($0);\n" }.joined().utf8)
    )
  }

  /// Runs it to its end.
  ///
  /// - Throws: ``RecoverError`` `backupRefused` with its last line.
  private func output(
    _ arguments: [String], list: [UInt8]?, of archive: String, _ interruption: Interruption?
  ) throws -> [UInt8] {
    let arguments = list == nil ? ["--list", "--"] + arguments : arguments
    let (bytes, result) = try ChildStream.output(
      of: Command([path] + arguments), input: list ?? [], limitBytes: Self.listLimitBytes, interruption)
    try Self.requireSuccess(result, of: archive)
    return bytes
  }

  /// Some millions of entries.
  private static let listLimitBytes = 1 << 30

  /// - Throws: ``RecoverError`` `backupRefused` unless it exited with 0, `interrupted` when it was stopped.
  static func requireSuccess(_ result: ChildResult, of archive: String) throws {
    switch result.ending {
    case .exited(0): return
    case .interrupted: throw RecoverError(.interrupted, "stopped while \(archive) was read")
    case .exited(1):
      throw RecoverError(
        .backupRefused, "\(archive) can't be read: \(result.tail.lastLine ?? "pg_restore exited with 1")",
        hint: "the archive is damaged or incomplete; use another backup")
    case .exited, .signalled, .timedOut, .lost:
      throw RecoverError(
        .unreachable, "\(archive) can't be read: \(result.child.program) \(result.summary)",
        hint: "nothing is wrong with the archive that anybody knows of; try again")
    }
  }
}
