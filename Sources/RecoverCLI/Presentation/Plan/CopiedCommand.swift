internal import RecoverBase
internal import RecoverCore

/// The command that does what a plan says, made of the one that showed it: pure.
enum CopiedCommand {
  /// The same words without `--plan`, bound to the plan, with its confirmation; passwords are left out.
  static func confirmed(_ arguments: [String], plan: Plan, expecting expected: ExpectedPlan) -> String {
    var words: [String] = []
    var rest = arguments[...]
    while let word = rest.popFirst() {
      switch word {
      case "--plan", "--yes", "--json": continue
      case "--expect-plan", "--confirm": _ = rest.popFirst()
      case _ where word.hasPrefix("--expect-plan=") || word.hasPrefix("--confirm="): continue
      default: words.append(withoutPassword(word))
      }
    }
    words += ["--expect-plan", expected.text]
    words += Confirmation.isTyped(plan) ? ["--confirm", plan.target.name] : ["--yes"]
    let command = "recover " + words.map(ShellWord.quoted).joined(separator: " ")
    return readsStandardInput(words) ? "... | \(command)" : command
  }

  private static func readsStandardInput(_ words: [String]) -> Bool {
    words.contains("--from=-") || zip(words, words.dropFirst()).contains { $0 == "--from" && $1 == "-" }
  }

  private static func withoutPassword(_ word: String) -> String {
    var bytes = Array(word.utf8)
    guard let range = ArgumentMask.passwordRange(in: bytes), !range.isEmpty else { return word }
    bytes.replaceSubrange(range, with: Array("PASSWORD".utf8))
    return String(decoding: bytes, as: UTF8.self)
  }
}
