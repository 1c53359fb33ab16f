internal import RecoverBase

/// The commands and their options, as the parser itself tells them.
struct CommandTree: Equatable {
  var name: String
  var subcommands: [CommandTree] = []
  /// The subcommand that is meant where none is named.
  var defaultSubcommand: String?
  /// Long options, dashes included.
  var options: Set<String> = []
  /// Those of them that a value follows.
  var valuedOptions: Set<String> = []

  init(
    name: String, subcommands: [CommandTree] = [], defaultSubcommand: String? = nil, options: Set<String> = [],
    valuedOptions: Set<String> = []
  ) {
    self.name = name
    self.subcommands = subcommands
    self.defaultSubcommand = defaultSubcommand
    self.options = options.union(valuedOptions)
    self.valuedOptions = valuedOptions
  }

  /// The tree in ArgumentParser's dump of its help (`--experimental-dump-help`).
  init(command: JSONValue) {
    self.init(
      name: command["commandName"]?.string ?? "",
      subcommands: (command["subcommands"]?.array ?? []).map(CommandTree.init(command:)),
      defaultSubcommand: command["defaultSubcommand"]?.string)
    for argument in command["arguments"]?.array ?? [] {
      for name in argument["names"]?.array ?? [] where name["kind"]?.string == "long" {
        let option = "--\(name["name"]?.string ?? "")"
        options.insert(option)
        if argument["kind"]?.string == "option" { valuedOptions.insert(option) }
      }
    }
  }
}
