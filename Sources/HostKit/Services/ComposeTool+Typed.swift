internal import RecoverBase

extension ComposeTool {
  /// Where docker looks for its plugins, after the user's own directory (docker(1), "CLI plugins").
  private static let pluginDirectories = [
    "/usr/local/lib/docker/cli-plugins", "/usr/local/libexec/docker/cli-plugins", "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
  ]

  /// The words with which a person calls the Compose that is installed here.
  ///
  /// Told by the files that are there, since text is not worth running programs for; what runs is ``find``'s choice.
  /// `docker compose` where none is found.
  package static var typed: String { typed(environment: ChildEnvironment.inherited, plugins: pluginDirectories) }

  static func typed(environment: [String: String], plugins: [String]) -> String {
    let own = environment["HOME"].map { ["\($0)/.docker/cli-plugins"] } ?? []
    if (own + plugins).contains(where: { ProgramPath.isProgram("\($0)/docker-compose") }) { return "docker compose" }
    for program in ["docker-compose", "podman-compose"]
    where (try? ProgramPath.find(program, environment: environment)) != nil { return program }
    return "docker compose"
  }
}
