internal import ArgumentParser
internal import RecoverBase
internal import RecoverCore
internal import RecoverPolicy
internal import RecoverSteps

/// `recover policy`: checks and shows what the policies say.
struct PolicyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "policy", abstract: "Check and show policies, print their JSON Schema.",
    subcommands: [Lint.self, Show.self, Schema.self])

  /// `recover policy lint`.
  struct Lint: ReportingCommand {
    static let configuration = CommandConfiguration(
      commandName: "lint", abstract: "Check the policies: every error with file, line and column.",
      usage: "recover policy lint [--policy <dir>] [<options>]")
    @OptionGroup var global: GlobalOptions

    mutating func runReporting() async throws -> ExitStatus {
      let (set, unreadable) = try PolicyLoader(
        directory: global.policyDirectory, currentDirectory: ProcessEnvironment.currentDirectory
      ).read()
      let unfit = set.lint(known: StepLibrary.templates.map(\.signature))
      try PolicyDiagnostics(unreadable.entries + unfit.entries).throwIfAny()
      return try Answer(
        text: "\(set.environmentFile ?? "no environment file"): \(set.procedures.count) procedures, no errors"
      ).write(global)
    }
  }

  /// `recover policy show`.
  struct Show: ReportingCommand {
    static let configuration = CommandConfiguration(
      commandName: "show", abstract: "Print the policy and the procedures in force, and where each is from.",
      usage: "recover policy show [--policy <dir>] [<options>]")
    @OptionGroup var global: GlobalOptions

    mutating func runReporting() async throws -> ExitStatus {
      guard !global.json else {
        throw RecoverError(
          .usage, "policy show has no --json: a policy is YAML",
          hint: "leave --json out; recover policy schema prints its JSON Schema")
      }
      let set = try PolicyLoader(
        directory: global.policyDirectory, currentDirectory: ProcessEnvironment.currentDirectory
      ).load()
      StandardOutput.write(try PolicyRenderer.text(of: set))
      return .success
    }
  }

  /// `recover policy schema`.
  struct Schema: ReportingCommand {
    static let configuration = CommandConfiguration(
      commandName: "schema", abstract: "Print a JSON Schema of environment and procedure files, for editors.")

    mutating func runReporting() async throws -> ExitStatus {
      StandardOutput.write(try PolicySchema.text(steps: StepLibrary.templates.map(\.signature)))
      return .success
    }
  }
}
