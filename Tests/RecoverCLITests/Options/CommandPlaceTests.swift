import RecoverBase
import RecoverPolicy
import Testing

@testable import RecoverCLI

@Suite("Commands to copy")
struct CommandPlaceTests {
  static let place = CommandPlace(state: "/s", policy: "/my policies")

  static let texts: [(String, String)] = [
    ("recover runs lists them", "recover runs --state /s lists them"),
    ("recover show 01ng87a5pnrc tells how", "recover show 01ng87a5pnrc --state /s tells how"),
    (
      "recover show last, then recover resume last", "recover show last --state /s, then recover resume last --state /s"
    ),
    ("recover undo 01ng87a5pnrc", "recover undo 01ng87a5pnrc --state /s --policy '/my policies'"),
    ("recover lock status lists the targets", "recover lock status --state /s lists the targets"),
    ("(recover cleanup)", "(recover cleanup --state /s --policy '/my policies')"),
    ("recover db --from FILE", "recover db --state /s --policy '/my policies' --from FILE"),
    ("recover db --help says more", "recover db --help says more"),
    ("recover policy schema prints it", "recover policy schema prints it"),
    ("a newer recover wrote it", "a newer recover wrote it"),
    ("/usr/bin/recover-db runs", "/usr/bin/recover-db runs"),
    ("recover runaway", "recover runaway"),
    ("recover ", "recover "),
  ]

  @Test("each is told with the directories that the user named", arguments: texts)
  func placed(_ text: String, _ expected: String) {
    #expect(Self.place.placed(text) == expected)
    #expect(CommandPlace().placed(text) == text)
  }

  @Test("the directories are taken from any command line, and made absolute")
  func arguments() {
    let place = CommandPlace(arguments: ["db", "--state", "s", "--policy=/p"], currentDirectory: "/here")
    #expect(place == CommandPlace(state: "/here/s", policy: "/p"))
    #expect(CommandPlace(arguments: ["db", "--", "--state", "s"], currentDirectory: "/here") == CommandPlace())
    #expect(CommandPlace(arguments: ["db", "--state"], currentDirectory: "/here") == CommandPlace())
  }

  @Test(
    "paths are told without detours",
    arguments: [("s", "/h/s"), ("/a/../b/./c", "/b/c"), ("../x/", "/x"), ("../../..", "/"), (".", "/h")])
  func paths(_ path: String, _ expected: String) { #expect(PathText.absolute(path, from: "/h") == expected) }

  @Test("every command that takes the directories is known, and no other")
  func commands() {
    func names(_ tree: CommandTree, _ path: String) -> [String] {
      guard tree.subcommands.isEmpty else {
        return tree.subcommands.flatMap { names($0, path.isEmpty ? $0.name : "\(path) \($0.name)") }
      }
      return tree.options.contains("--state") ? [path] : []
    }
    #expect(Set(names(RecoverMain.commandTree, "")) == Set(CommandPlace.commands.keys))
  }

  @Test(
    "words are quoted for the shell where they have to be",
    arguments: [
      ("/var/lib/recover", "/var/lib/recover"), ("", "''"), ("a b", "'a b'"), ("it's", "'it'\\''s'"),
      ("$HOME", "'$HOME'"),
    ])
  func quoted(_ word: String, _ expected: String) { #expect(ShellWord.quoted(word) == expected) }
}
