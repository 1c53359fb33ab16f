internal import ArgumentParser
internal import Glibc
internal import RecoverBase

/// The entry of the command line.
package enum RecoverMain {
  /// Runs the command that the arguments name, and ends the process with its exit status.
  package static func run() async {
    let arguments = Array(CommandLine.arguments.dropFirst())
    ArgumentMask.hidePasswords()
    // Who closes our output early does not end a run, nor what is tidied up after a look.
    signal(SIGPIPE, SIG_IGN)
    exit(await status(of: arguments).rawValue)
  }

  private static func status(of arguments: [String]) async -> ExitStatus {
    do {
      // The parser answers `help` of an unknown command with the overview.
      if arguments.first == "help", let problem = UsageDiagnosis.problem(in: arguments, of: commandTree) {
        throw problem
      }
      var command = try RecoverCommand.parseAsRoot(arguments)
      if var command = command as? any ReportingCommand { return try await command.runReporting() }
      try command.run()
      return .success
    } catch let error as RecoverError {
      return refused(error, arguments)
    } catch {
      return parserStatus(error, arguments)
    }
  }

  /// Help and versions go to standard output and succeed; what the parser refuses is a usage error.
  private static func parserStatus(_ error: any Error, _ arguments: [String]) -> ExitStatus {
    if RecoverCommand.exitCode(for: error).isSuccess {
      StandardOutput.write(RecoverCommand.fullMessage(for: error))
      return .success
    }
    let problem =
      UsageDiagnosis.problem(in: arguments, of: commandTree)
      ?? UsageDiagnosis.refusal(RecoverCommand.message(for: error), arguments: arguments, of: commandTree)
    return refused(problem, arguments)
  }

  /// Says why on standard error; where JSON is asked for, standard output ends in a summary all the same.
  private static func refused(_ error: RecoverError, _ arguments: [String]) -> ExitStatus {
    let options = Set(arguments.prefix { $0 != "--" })
    let status = error.code.exitStatus
    let place = CommandPlace(arguments: arguments, currentDirectory: ProcessEnvironment.currentDirectory)
    ErrorOutput.write(error, isVerbose: !options.isDisjoint(with: ["--verbose", "-v"]), place: place)
    if options.contains("--json"), let line = try? JSONLines.summary(of: error, status: status, place: place) {
      StandardOutput.write(line)
    }
    return status
  }

  /// The commands as the parser knows them.
  static var commandTree: CommandTree {
    let help = try? JSONValue.decode(JSONValue.self, from: Array(RecoverCommand._dumpHelp().utf8))
    return CommandTree(command: help?["command"] ?? .null)
  }
}

/// A command that tells its exit status.
protocol ReportingCommand: AsyncParsableCommand {
  mutating func runReporting() async throws -> ExitStatus
}

extension ReportingCommand {
  mutating func run() async throws {
    throw ExitCode(try await runReporting().rawValue)
  }
}
