/// Which Compose project it is.
package struct ComposeProject: Sendable, Hashable {
  /// The project's files, absolute, in the order in which they override each other; never empty.
  package var files: [String]
  /// The project's name; nil: what Compose takes from the first file's directory.
  package var name: String?
  /// Where the commands run; Compose reads `.env` there in version 1.
  package var directory: String?
  /// Added to the environment of the commands: what the files interpolate, `DOCKER_HOST`.
  package var environment: [String: String]

  package init(
    files: [String], name: String? = nil, directory: String? = nil, environment: [String: String] = [:]
  ) {
    precondition(!files.isEmpty, "a Compose project has at least one file")
    self.files = files
    self.name = name
    self.directory = directory
    self.environment = environment
  }

  /// The command line of one order to Compose.
  func command(_ tool: ComposeTool, _ words: [String]) -> Command {
    let options = files.flatMap { ["-f", $0] } + (name.map { ["-p", $0] } ?? [])
    return Command(tool.command + options + words, environment: environment, directory: directory)
  }
}
