internal import ArgumentParser
internal import RecoverBase
internal import RecoverEngine

/// `recover doctor`: whether everything that recoveries rest on is there.
struct DoctorCommand: ReportingCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Check libraries, programs, the state directory and the clock.")

  @OptionGroup var global: GlobalOptions

  mutating func runReporting() async throws -> ExitStatus {
    let findings = await Doctor(stateDirectory: try global.resolvedState()).examine()
    for finding in findings {
      if global.json {
        let line = JSONValue.object([
          "kind": "finding", "subject": .string(finding.subject), "verdict": .string(finding.verdict.rawValue),
          "detail": .string(finding.detail),
        ])
        StandardOutput.write(String(decoding: try line.canonicalBytes(), as: UTF8.self))
      } else {
        StandardOutput.write("\(finding.verdict.rawValue)  \(finding.subject): \(finding.detail)")
        if finding.verdict != .good, let hint = finding.hint { StandardOutput.write("      hint: \(hint)") }
      }
    }
    return findings.contains { $0.verdict == .bad } ? .refused : .success
  }
}
