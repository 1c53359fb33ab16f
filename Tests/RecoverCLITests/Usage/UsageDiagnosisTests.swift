import ArgumentParser
import RecoverBase
import Testing

@testable import RecoverCLI

@Suite("Wrong command lines")
struct UsageDiagnosisTests {
  static let tree = CommandTree(
    name: "recover",
    subcommands: [
      CommandTree(name: "db", options: ["--yes", "--json"], valuedOptions: ["--from", "--database"]),
      CommandTree(name: "runs", options: ["--open"]),
      CommandTree(
        name: "lock", subcommands: [CommandTree(name: "status", options: ["--json"]), CommandTree(name: "break")],
        defaultSubcommand: "status"),
    ], options: ["--version", "--help"])

  @Test(
    "the first unknown word is named, with the nearest that is known",
    arguments: [
      (
        "bd --from x", "there is no command `recover bd`",
        "did you mean `recover db`? recover --help lists the commands"
      ),
      ("help bd", "there is no command `recover bd`", "did you mean `recover db`? recover --help lists the commands"),
      (
        "lock stats", "there is no command `recover lock stats`",
        "did you mean `recover lock status`? recover lock --help lists the commands"
      ),
      ("xyzzy", "there is no command `recover xyzzy`", "recover --help lists the commands"),
      ("db --form x", "recover db has no option --form", "did you mean `--from`? recover db --help lists the options"),
      (
        "db --from x --jsn=1", "recover db has no option --jsn",
        "did you mean `--json`? recover db --help lists the options"
      ),
      (
        "lock --jsn", "recover lock has no option --jsn",
        "did you mean `--json`? recover lock --help lists the options"
      ),
      ("--json runs", "recover has no option --json", "recover --help lists the commands; options come after them"),
    ])
  func problem(_ line: String, _ message: String, _ hint: String) throws {
    let problem = try #require(UsageDiagnosis.problem(in: line.split(separator: " ").map(String.init), of: Self.tree))
    #expect(problem.code == .usage)
    #expect(problem.message == message)
    #expect(problem.hint == hint)
  }

  @Test(
    "known words are left to the parser, values and what follows -- are no options",
    arguments: [
      "db --from --form --yes", "db -- --form", "db -x", "help db", "lock --json", "lock", "", "db --from - --yes",
    ])
  func known(_ line: String) {
    let problem = UsageDiagnosis.problem(in: line.split(separator: " ").map(String.init), of: Self.tree)
    #expect(problem == nil, "\(problem?.message ?? "")")
  }

  @Test("what the parser says begins in lower case, with a hint about the command")
  func refusal() {
    let error = UsageDiagnosis.refusal("Missing expected argument '--from <file>'", arguments: ["db"], of: Self.tree)
    #expect(error.message == "missing expected argument '--from <file>'")
    #expect(error.hint == "recover db --help says how it is used")
  }

  @Test("the tree is read from the parser's own dump")
  func dump() throws {
    let tree = RecoverMain.commandTree
    #expect(tree.name == "recover")
    let database = try #require(tree.subcommands.first { $0.name == "db" })
    #expect(database.valuedOptions.isSuperset(of: ["--from", "--database", "--state"]))
    #expect(database.options.contains("--json"))
    #expect(!database.valuedOptions.contains("--json"))
    #expect(tree.subcommands.first { $0.name == "lock" }?.defaultSubcommand == "status")
  }

  @Test("no line of help is wider than 80 columns")
  func width() {
    func check(_ tree: CommandTree, _ path: [String]) {
      let help = Self.help(of: path)
      #expect(help.hasPrefix("OVERVIEW"), "\(path): \(help)")
      for line in help.split(separator: "\n") { #expect(line.count <= 80, "\(path): \(line)") }
      for command in tree.subcommands where command.name != "help" { check(command, path + [command.name]) }
    }
    check(RecoverMain.commandTree, [])
  }

  /// The help of a command, as it is printed where the terminal has 80 columns.
  private static func help(of path: [String]) -> String {
    do {
      var command = try RecoverCommand.parseAsRoot(path + ["--help"])
      try command.run()
      return ""
    } catch {
      return RecoverCommand.fullMessage(for: error, columns: 80)
    }
  }
}
