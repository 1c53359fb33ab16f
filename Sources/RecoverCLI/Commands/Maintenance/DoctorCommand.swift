internal import ArgumentParser
internal import RecoverBase
internal import RecoverEngine

/// `recover doctor`: whether everything that recoveries rest on is there.
struct DoctorCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Check libraries, programs, the state directory and the clock.",
    usage: "recover doctor [<options>]")

  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let findings = await Doctor(stateDirectory: try global.resolvedState()).examine()
    var lines: [String] = []
    for finding in findings {
      lines.append(
        "\(TerminalText.padded(finding.verdict.rawValue, columns: 4))  \(finding.subject): \(finding.detail)")
      if finding.verdict != .good, let hint = finding.hint { lines.append("      hint: \(hint)") }
    }
    return try Answer(
      text: lines.joined(separator: "\n"),
      rows: findings.map {
        [
          "kind": "finding", "subject": .string($0.subject), "verdict": .string($0.verdict.rawValue),
          "detail": .string($0.detail),
        ]
      },
      status: findings.contains { $0.verdict == .bad } ? .refused : .success
    ).write(global)
  }
}
