internal import ArgumentParser
internal import FoundationEssentials
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `recover logs RUN`: what the run's children printed, step by step.
struct LogsCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Print the logs of a run's steps.")

  @OptionGroup var run: RunArgument
  @Option(help: "Only this step.")
  var step: String?
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let composition = try Composition(global)
    let history = try await History(of: try await run.resolve(in: composition.store), in: composition.store)
    let directory = composition.directory(of: history.run)
    let steps = history.machine.plan.steps.map(\.id).filter { step == nil || step == $0 }
    guard !steps.isEmpty else {
      throw RecoverError(.usage, "the run has no step \(step ?? "")", hint: "recover show \(history.run) lists its steps")
    }
    var isEmpty = true
    for step in steps {
      guard let text = try? String(contentsOfFile: "\(directory)/\(step).log", encoding: .utf8) else { continue }
      isEmpty = false
      StandardOutput.write("==> \(step) <==\n\(text)")
    }
    if isEmpty { StandardOutput.write("no step of run \(history.run) has a log") }
    return .success
  }
}
