internal import ArgumentParser
internal import Glibc
internal import RecoverBase
internal import RecoverPolicy

/// The options that every command has.
struct GlobalOptions: ParsableArguments {
  @Option(name: .customLong("policy"), help: ArgumentHelp("The directory of policies.", valueName: "dir"))
  var policyDirectory: String?

  @Option(name: .customLong("state"), help: ArgumentHelp("The directory of journals and logs.", valueName: "dir"))
  var stateDirectory: String?

  @Flag(help: "Print newline-delimited JSON events; the last one is the summary.")
  var json = false

  @Flag(name: .shortAndLong, help: "Print only warnings, errors and the last line.")
  var quiet = false

  @Flag(name: .shortAndLong, help: "Print more: evidence of steps, underlying errors.")
  var verbose = false

  @Flag(help: "Never ask; fail where an answer would be needed.")
  var noInput = false

  /// Where journals and logs are: `--state`, else `$XDG_STATE_HOME/recover`, else `/var/lib/recover` for root
  /// and `~/.local/state/recover` for others (XDG Base Directory Specification).
  func resolvedState() throws -> String {
    if let stateDirectory { return absolute(stateDirectory) }
    if let base = ProcessEnvironment.value("XDG_STATE_HOME"), base.hasPrefix("/") { return "\(base)/recover" }
    if getuid() == 0 { return "/var/lib/recover" }
    guard let home = ProcessEnvironment.value("HOME"), home.hasPrefix("/") else {
      throw RecoverError(.usage, "there is no home directory to keep the state in", hint: "name one with --state DIR")
    }
    return "\(home)/.local/state/recover"
  }

  /// What a copied command needs to find the same runs and policies.
  var place: CommandPlace {
    CommandPlace(state: stateDirectory.map(absolute), policy: policyDirectory.map(absolute))
  }

  /// A path as seen from the current directory.
  ///
  /// `.` and `..` are resolved as text, as a shell does it: `a/../b` is `b`, also where `a` is a link.
  func absolute(_ path: String) -> String { PathText.absolute(path, from: ProcessEnvironment.currentDirectory) }
}

/// How a command that acts is confirmed and bound to its plan.
struct ActionOptions: ParsableArguments {
  @Flag(name: .customLong("plan"), help: "Print the resolved plan and its hash, and change nothing.")
  var planOnly = false

  @Flag(help: "Confirm.")
  var yes = false

  @Option(help: ArgumentHelp("Confirm what swaps or destroys in production by naming the target.", valueName: "name"))
  var confirm: String?

  @Option(help: ArgumentHelp("Refuse to run any plan but the one with this hash.", valueName: "hash"))
  var expectPlan: String?
}
