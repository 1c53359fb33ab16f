import ArgumentParser
import FoundationEssentials
import RecoverBase
import RecoverCore
import RecoverPolicy
import RecoverSteps
import Testing

@testable import RecoverCLI

@Suite("Examples")
struct ExamplesTests {
  /// The text of every command's help.
  static func helpTexts() throws -> [String] {
    func texts(_ command: JSONValue) -> [String] {
      [command["discussion"]?.string].compactMap(\.self) + (command["subcommands"]?.array ?? []).flatMap(texts)
    }
    let help = try JSONValue.decode(JSONValue.self, from: Array(RecoverCommand._dumpHelp().utf8))
    return texts(help["command"] ?? .null)
  }

  /// The commands on lines of their own: after a prompt, a pipe, a comment's columns or `then:`.
  static func commands(in text: String) -> [String] {
    text.split(separator: "\n").compactMap { line in
      var line = Substring(line.drop { $0 == " " })
      // A table's cells are between backticks.
      guard !line.hasPrefix("|") else { return nil }
      for prefix in ["$ ", "then: "] where line.hasPrefix(prefix) { line = line.dropFirst(prefix.count) }
      if let pipe = line.firstRange(of: "| recover ") { line = line[line.index(pipe.lowerBound, offsetBy: 2)...] }
      guard line.hasPrefix("recover ") else { return nil }
      // What follows two spaces, a redirection or a comment explains.
      for end in ["  ", " > ", " #"] { if let range = line.firstRange(of: end) { line = line[..<range.lowerBound] } }
      return String(line)
    }
  }

  /// The commands between backticks.
  static func quotedCommands(in text: String) -> [String] {
    text.split(separator: "`").map(String.init).compactMap { part in
      let command = part.split(separator: "|").last.map { $0.drop { $0 == " " } } ?? ""
      return command.hasPrefix("recover ") && !command.contains("\n") ? String(command) : nil
    }
  }

  static func words(_ command: String) -> [String] { command.split(separator: " ").dropFirst().map(String.init) }

  static func file(_ name: String) throws -> String {
    let root = #filePath.split(separator: "/").dropLast(4).joined(separator: "/")
    return try String(contentsOfFile: "/\(root)/\(name)", encoding: .utf8)
  }

  @Test("every example of a help text and of the README is one that the parser takes")
  func examples() throws {
    let commands = try (Self.helpTexts() + [Self.file("README.md")]).flatMap(Self.commands)
    #expect(commands.count > 12, "\(commands)")
    for command in commands {
      let words = Self.words(command)
      if words.first == "--generate-completion-script" { continue }
      #expect(throws: Never.self, "\(command)") { _ = try RecoverCommand.parseAsRoot(words) }
    }
  }

  @Test(
    "every command that the documents name exists, with its options",
    arguments: [
      "README.md", "ARCHITECTURE.md", "docs/operations.md", "docs/exit-codes.md", "docs/crash-points.md",
      "docs/journal-format.md",
    ])
  func documents(_ name: String) throws {
    for command in try Self.quotedCommands(in: Self.file(name)) where !command.contains("--generate-completion-script")
    {
      let problem = UsageDiagnosis.problem(in: Self.words(command), of: RecoverMain.commandTree)
      #expect(problem == nil, "\(name): \(command): \(problem?.message ?? "")")
    }
  }

  @Test("every line of help is at most 80 columns wide")
  func width() throws {
    for text in try Self.helpTexts() {
      for line in text.split(separator: "\n") { #expect(line.count <= 80, "\(line)") }
    }
  }

  @Test("the built-in procedures use steps that exist, and use them as they want to be used")
  func builtIn() throws {
    let nowhere = "/nonexistent"
    let set = try PolicyLoader(directory: nil, currentDirectory: nowhere, systemDirectory: nowhere).load()
    let known = StepLibrary.templates.map(\.signature)
    #expect(set.procedures.count >= 2)
    for (_, loaded) in set.procedures {
      for step in loaded.procedure.steps { #expect(known.contains { $0.uses == step.uses }, "\(step.uses)") }
    }
    #expect(set.lint(known: known).isEmpty)
  }
}
