internal import ArgumentParser
internal import FoundationEssentials
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// `recover logs RUN`: what the run's children printed, step by step.
struct LogsCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "logs", abstract: "Print the logs of a run's steps.",
    usage: "recover logs <run> [--step <step>] [<options>]")

  @OptionGroup var run: RunArgument
  @Option(help: "Only this step.")
  var step: String?
  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let found = try await FoundRun(run, global)
    let directory = found.composition.directory(of: found.id)
    let names = found.machine.plan.steps.map(\.id)
    let steps = names.filter { step == nil || step == $0 }
    guard !steps.isEmpty else {
      let name = step ?? ""
      throw RecoverError(
        .usage, "run \(found.id) has no step \(name)",
        hint: NearestName.hint(name, among: names) ?? "recover show \(found.id) lists its steps")
    }
    // What a step's undo printed stands apart, where it has a log of its own.
    let logs = steps.flatMap { [$0, "\($0).undo"] }.compactMap { step in
      (try? String(contentsOfFile: "\(directory)/\(step).log", encoding: .utf8)).map { text in
        (step: step, text: SecretMask.masked(text, known: ProcessEnvironment.secrets))
      }
    }
    guard !logs.isEmpty else { return try Answer(text: "no step of run \(found.id) has a log").write(global) }
    return try Answer(
      text: logs.map { "==> \($0.step) <==\n\($0.text)" }.joined(separator: "\n"),
      rows: logs.map { ["kind": "log", "step": .string($0.step), "text": .string($0.text)] }
    ).write(global)
  }
}
