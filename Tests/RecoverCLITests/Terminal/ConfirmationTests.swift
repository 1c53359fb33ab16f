import RecoverBase
import RecoverCore
import Testing

@testable import RecoverCLI

@Suite("Confirmation")
struct ConfirmationTests {
  /// What a person gave on the command line, and what follows.
  struct Row: Sendable {
    var environment: Environment
    var yes = false
    var confirm: String?
    var mayAsk = false
    var dropsTarget = false
    var result: String
  }

  static let rows: [Row] = [
    Row(environment: .unspecified, yes: true, result: "confirmed"),
    Row(environment: .staging, yes: true, result: "confirmed"),
    Row(environment: .development, yes: true, mayAsk: true, result: "confirmed"),
    Row(environment: .staging, mayAsk: true, result: "asks for yes"),
    Row(environment: .staging, result: "refused: look at it with --plan, confirm it with --yes"),
    Row(environment: .staging, confirm: "app", result: "confirmed"),
    Row(environment: .production, yes: true, result: "refused: confirm with --confirm app"),
    Row(environment: .production, yes: true, mayAsk: true, result: "asks for app"),
    Row(environment: .production, mayAsk: true, result: "asks for app"),
    Row(environment: .production, result: "refused: confirm with --confirm app"),
    Row(environment: .production, confirm: "app", result: "confirmed"),
    Row(
      environment: .production, yes: true, confirm: "ap", mayAsk: true,
      result: "refused: check that this is the one you mean"),
    Row(environment: .development, yes: true, dropsTarget: true, result: "refused: confirm with --confirm app"),
    Row(
      environment: .unspecified, yes: true, mayAsk: true, dropsTarget: true,
      result: "refused: confirm with --confirm app"),
    Row(environment: .development, mayAsk: true, dropsTarget: true, result: "asks for app"),
    Row(environment: .development, dropsTarget: true, result: "refused: confirm with --confirm app"),
    Row(environment: .development, yes: true, confirm: "app", dropsTarget: true, result: "confirmed"),
    Row(environment: .development, confirm: "app", dropsTarget: true, result: "confirmed"),
    Row(
      environment: .development, yes: true, confirm: "App", result: "refused: check that this is the one you mean"),
  ]

  @Test("--yes, --confirm and the environment decide together", arguments: rows)
  func decided(_ row: Row) {
    let decision = Confirmation.decide(
      environment: row.environment, target: "app", dropsTarget: row.dropsTarget, yes: row.yes, confirm: row.confirm,
      mayAsk: row.mayAsk)
    let result =
      switch decision {
      case .confirmed: "confirmed"
      case .ask(_, let answer): "asks for \(answer)"
      case .refused(let error): "refused: \(error.hint ?? "")"
      }
    #expect(result == row.result)
    if case .refused(let error) = decision { #expect(error.code == .notConfirmed) }
  }
}
