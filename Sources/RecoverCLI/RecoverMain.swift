internal import ArgumentParser
internal import Glibc
internal import RecoverBase

/// The entry of the command line.
package enum RecoverMain {
  /// Runs the command that the arguments name, and ends the process with its exit status.
  package static func run() async {
    let arguments = Array(CommandLine.arguments.dropFirst())
    ArgumentMask.hidePasswords()
    exit(await status(of: arguments).rawValue)
  }

  private static func status(of arguments: [String]) async -> ExitStatus {
    do {
      var command = try RecoverCommand.parseAsRoot(arguments)
      if var command = command as? any ReportingCommand { return try await command.runReporting() }
      try command.run()
      return .success
    } catch let error as RecoverError {
      ErrorOutput.write(error, isVerbose: arguments.contains("--verbose") || arguments.contains("-v"))
      return error.code.exitStatus
    } catch {
      return parserStatus(error)
    }
  }

  /// Help and versions go to standard output and succeed; what the parser refuses is a usage error.
  private static func parserStatus(_ error: any Error) -> ExitStatus {
    let code = RecoverCommand.exitCode(for: error)
    let text = RecoverCommand.fullMessage(for: error)
    if code.isSuccess {
      StandardOutput.write(text)
      return .success
    }
    ErrorOutput.write(text)
    return .usage
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
