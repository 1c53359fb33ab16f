internal import RecoverBase
package import RecoverCore

/// Finds the directory of policies and reads it.
///
/// The directory is the one that `--policy` names; else `./policies` where that is a directory; else
/// ``systemDirectory``; else none, and only the built-in procedures are there. In it:
///
/// - `environment.yaml` (or `.yml`) is the environment file. There is one a directory: who has several
///   environments has a directory for each and names it with `--policy`.
/// - every other `*.yaml` and `*.yml` is a procedure, under the name that its key `procedure` says. It replaces
///   the built-in procedure of that name.
/// - `*.example.yaml`, hidden files, subdirectories and files of other kinds are not read.
package struct PolicyLoader: Sendable {
  /// What holds for the whole machine.
  package static let systemDirectory = "/etc/recover/policies"
  /// What holds for the project in the current directory.
  package static let projectDirectory = "policies"

  private let directory: String?
  private let currentDirectory: String
  private let systemDirectory: String

  /// - Parameters:
  ///   - directory: what `--policy` says.
  ///   - currentDirectory: absolute.
  package init(directory: String?, currentDirectory: String, systemDirectory: String = Self.systemDirectory) {
    self.directory = directory
    self.currentDirectory = currentDirectory
    self.systemDirectory = systemDirectory
  }

  /// Reads everything.
  ///
  /// - Throws: ``RecoverError``: `policyInvalid` with every error of every file; `usage` when `--policy` names
  ///   no directory; `unreachable` when one can't be listed.
  package func load() throws -> PolicySet {
    let (set, diagnostics) = try read()
    try diagnostics.throwIfAny()
    return set
  }

  /// Reads what can be read, and says what can't: every error of every file.
  ///
  /// - Throws: as ``load()``, but for `policyInvalid`.
  package func read() throws -> (set: PolicySet, diagnostics: PolicyDiagnostics) {
    let builtIn = try BuiltInProcedures.load().mapValues { SourcedProcedure(procedure: $0, source: .builtIn) }
    guard let shown = try locate() else {
      return (PolicySet(policy: Policy(), environmentFile: nil, procedures: builtIn), PolicyDiagnostics([]))
    }
    var reading = DirectoryReading(shown: shown, real: try PolicyFiles.realPath(absolute(shown)))
    for name in try PolicyFiles.names(in: absolute(shown)) { reading.read(name) }
    let own = reading.procedures.mapValues { procedure, file in
      SourcedProcedure(procedure: procedure, source: .file(file))
    }
    let set = PolicySet(
      policy: reading.policy ?? Policy(), environmentFile: reading.environmentFile,
      procedures: builtIn.merging(own) { _, replacement in replacement })
    return (set, PolicyDiagnostics(reading.diagnostics))
  }

  /// The directory as messages name it; nil where there is none.
  private func locate() throws -> String? {
    if let directory {
      guard PolicyFiles.isDirectory(absolute(directory)) else {
        throw RecoverError(
          .usage, "\(directory) is no directory of policies",
          hint: "name the directory that holds environment.yaml, not the file")
      }
      return directory
    }
    return [Self.projectDirectory, systemDirectory].first { PolicyFiles.isDirectory(absolute($0)) }
  }

  private func absolute(_ path: String) -> String { PathText.absolute(path, from: currentDirectory) }
}

/// What was read of a directory so far.
private struct DirectoryReading {
  /// The directory as messages name it, and as paths start from it.
  let shown: String
  let real: String
  var policy: Policy?
  var environmentFile: String?
  var procedures: [String: (procedure: Procedure, file: String)] = [:]
  var diagnostics: [PolicyDiagnostic] = []

  mutating func read(_ name: String) {
    let file = shown.hasSuffix("/") ? shown + name : "\(shown)/\(name)"
    let start = Place(file: file, line: 1, column: 1)
    let text: String
    do {
      text = try PolicyFiles.text(of: "\(real)/\(name)")
    } catch {
      diagnostics.append(PolicyDiagnostic(place: start, message: error.message, hint: error.hint))
      return
    }
    if PolicyFiles.isEnvironment(name) {
      readEnvironment(text, file)
    } else {
      readProcedure(text, file)
    }
  }

  private mutating func readEnvironment(_ text: String, _ file: String) {
    if let first = environmentFile {
      let start = Place(file: file, line: 1, column: 1)
      diagnostics.append(
        PolicyDiagnostic(
          place: start, message: "a second environment file beside \(PathText.name(first))",
          hint: "keep one; for several environments make a directory for each and name it with --policy"))
      return
    }
    environmentFile = file
    let result = PolicyParser.readEnvironment(text, file: file, directory: real)
    policy = result.value
    diagnostics += result.diagnostics
  }

  private mutating func readProcedure(_ text: String, _ file: String) {
    let result = PolicyParser.readProcedure(text, file: file)
    diagnostics += result.diagnostics
    guard let procedure = result.value else { return }
    if let first = procedures[procedure.name] {
      diagnostics.append(
        PolicyDiagnostic(
          place: Place(file: file, line: 1, column: 1),
          message: "a second procedure `\(procedure.name)` beside that of \(PathText.name(first.file))",
          hint: "keep one, or give it another name"))
      return
    }
    procedures[procedure.name] = (procedure, file)
  }
}
