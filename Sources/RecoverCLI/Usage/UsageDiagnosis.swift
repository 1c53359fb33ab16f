internal import RecoverBase

/// What is wrong with a command line that the parser refuses, said as this program says errors: pure.
enum UsageDiagnosis {
  /// The first word that is no command, or no option of its command; nil where the words are all known.
  static func problem(in arguments: [String], of root: CommandTree) -> RecoverError? {
    let isHelp = arguments.first == "help"
    let place = Place(arguments.dropFirst(isHelp ? 1 : 0), from: root)
    if let word = place.rest.first, !word.hasPrefix("-"), !place.command.subcommands.isEmpty {
      return unknownCommand(word, in: place)
    }
    return isHelp ? nil : unknownOption(in: place)
  }

  /// What the parser found, with a hint about the command's help.
  static func refusal(_ message: String, arguments: [String], of root: CommandTree) -> RecoverError {
    let path = Place(arguments[...], from: root).path
    return RecoverError(
      .usage, message.prefix(1).lowercased() + message.dropFirst(), hint: "\(path) --help says how it is used")
  }

  /// Which command the first words name, and the words after them.
  private struct Place {
    var command: CommandTree
    var path: String
    var rest: ArraySlice<String>

    init(_ words: ArraySlice<String>, from root: CommandTree) {
      (command, path, rest) = (root, root.name, words)
      while let word = rest.first, let next = command.subcommands.first(where: { $0.name == word }) {
        command = next
        path += " \(word)"
        rest = rest.dropFirst()
      }
    }
  }

  private static func unknownCommand(_ word: String, in place: Place) -> RecoverError {
    let names = place.command.subcommands.map(\.name).filter { $0 != "help" }
    let guess = NearestName.find(word, among: names).map { "did you mean `\(place.path) \($0)`? " } ?? ""
    return RecoverError(
      .usage, "there is no command `\(place.path) \(word)`", hint: "\(guess)\(place.path) --help lists the commands")
  }

  private static func unknownOption(in place: Place) -> RecoverError? {
    var command = place.command
    if let name = command.defaultSubcommand, let meant = command.subcommands.first(where: { $0.name == name }) {
      command = meant
    }
    var words = place.rest
    while let word = words.popFirst(), word != "--" {
      guard word.hasPrefix("--") else { continue }
      let name = String(word.prefix { $0 != "=" })
      if !command.options.contains(name) {
        let guess = NearestName.find(name, among: command.options).map { "did you mean `\($0)`? " } ?? ""
        let help = command.subcommands.isEmpty ? "lists the options" : "lists the commands; options come after them"
        return RecoverError(
          .usage, "\(place.path) has no option \(name)", hint: "\(guess)\(place.path) --help \(help)")
      }
      if command.valuedOptions.contains(name), name == word { words = words.dropFirst() }
    }
    return nil
  }
}
