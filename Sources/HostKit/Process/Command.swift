/// A program and its arguments, as a person wrote them.
///
/// Nothing here adds a secret to the arguments: those are shown by ps(1) to everybody.
package struct Command: Sendable, Hashable {
  /// The program and its arguments, never empty; a program without `/` is looked up in `PATH`.
  package var arguments: [String]
  /// Added to the environment that this process has.
  package var environment: [String: String]
  /// Names of variables that it does not get from this process's environment.
  package var withoutVariables: Set<String> = []
  /// Where it runs; nil: where this process does.
  package var directory: String?

  package init(_ arguments: [String], environment: [String: String] = [:], directory: String? = nil) {
    precondition(!arguments.isEmpty, "a command has at least the program's name")
    self.arguments = arguments
    self.environment = environment
    self.directory = directory
  }

  /// A line for the shell: `/bin/sh -c LINE`.
  package static func shell(
    _ line: String, environment: [String: String] = [:], directory: String? = nil
  ) -> Command {
    Command(["/bin/sh", "-c", line], environment: environment, directory: directory)
  }

  /// The program as it was written, for messages; the arguments may hold what nobody should read.
  package var program: String { arguments.first ?? "" }

  /// The same command with more arguments.
  package func adding(_ more: [String]) -> Command {
    var command = self
    command.arguments += more
    return command
  }
}
