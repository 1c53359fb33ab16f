internal import Glibc
internal import RecoverBase

/// Finds programs as execvp(3) does.
enum ProgramPath {
  /// Where `PATH` is not set: what confstr(3) calls `_CS_PATH`, with the places for administrators.
  static let standard = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

  /// The file that a program's name stands for.
  ///
  /// A name with `/` is taken as it is, from `directory`; any other is looked for in `PATH`.
  ///
  /// - Throws: ``RecoverError`` `unreachable` when no directory of `PATH` has it.
  static func find(_ name: String, environment: [String: String], directory: String? = nil) throws -> String {
    if name.contains("/") { return name }
    let path = environment["PATH"] ?? standard
    for place in path.split(separator: ":", omittingEmptySubsequences: false) {
      var candidate = place.isEmpty ? "./\(name)" : "\(place)/\(name)"
      if let directory, !candidate.hasPrefix("/") { candidate = "\(directory)/\(candidate)" }
      if isProgram(candidate) { return candidate }
    }
    throw RecoverError(
      .unreachable, "can't find the program \(name) in PATH (\(path))",
      hint: "install it, or write its whole path")
  }

  static func isProgram(_ path: String) -> Bool {
    var status = stat()
    guard unsafe stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return false }
    return unsafe access(path, X_OK) == 0
  }
}
