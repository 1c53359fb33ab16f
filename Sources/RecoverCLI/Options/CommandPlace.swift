internal import RecoverBase
internal import RecoverCore
internal import RecoverPolicy

/// The options that a command needs to mean the same runs and policies when somebody copies it elsewhere: pure.
struct CommandPlace: Sendable, Hashable {
  /// The directories as the user named them, absolute; nil where the default holds.
  var state: String?
  var policy: String?

  init(state: String? = nil, policy: String? = nil) {
    self.state = state
    self.policy = policy
  }

  /// The commands that look into the state directory, and whether they read policies as well.
  static let commands: [String: Bool] = [
    "db": true, "run": true, "undo": true, "inspect": true, "cleanup": true, "backup db": true,
    "backup files": true, "backup list": true, "backup show": true, "backup prune": true, "policy lint": true,
    "policy show": true, "rollback": true, "deploy": true, "releases": true, "health": true, "services": true,
    "files": true,
    "runs": false, "show": false, "logs": false, "resume": false, "pause": false, "cancel": false,
    "approve": false, "reject": false, "compensate": false, "abandon": false, "lock status": false,
    "lock break": false, "doctor": false,
  ]

  /// The text with the options added to each `recover COMMAND` in it.
  func placed(_ text: String) -> String {
    guard state != nil || policy != nil else { return text }
    var result = ""
    var rest = text[...]
    while let found = rest.firstRange(of: "recover ") {
      let isWord = (result + rest[..<found.lowerBound]).last.map { !$0.isLetter && !"/._-".contains($0) } ?? true
      result += rest[..<found.upperBound]
      rest = rest[found.upperBound...]
      guard isWord, let (command, takesPolicy) = Self.command(at: rest) else { continue }
      result += command
      rest = rest.dropFirst(command.count)
      if !rest.hasPrefix(" --help") { result += options(withPolicy: takesPolicy) }
    }
    return result + rest
  }

  private func options(withPolicy: Bool) -> String {
    var options = state.map { " --state \(ShellWord.quoted($0))" } ?? ""
    if withPolicy, let policy { options += " --policy \(ShellWord.quoted(policy))" }
    return options
  }

  /// The command that a text begins with, and the run after it, if there is one.
  private static func command(at text: Substring) -> (text: String, takesPolicy: Bool)? {
    let words = text.split(separator: " ", maxSplits: 3).prefix(3).map(bare)
    for count in [2, 1] where words.count >= count {
      let name = words[..<count].joined(separator: " ")
      guard let takesPolicy = commands[name] else { continue }
      guard words.count > count, isRun(words[count]) else { return (name, takesPolicy) }
      return ("\(name) \(words[count])", takesPolicy)
    }
    return nil
  }

  /// A word without the punctuation that follows it.
  private static func bare(_ word: Substring) -> String {
    String(word.prefix { $0.isLetter || $0.isNumber || $0 == "-" })
  }

  private static func isRun(_ word: String) -> Bool { word == "last" || word == "RUN" || RunID(word) != nil }
}

extension CommandPlace {
  /// What a command line names, whether or not the parser takes it.
  init(arguments: [String], currentDirectory: String) {
    func value(_ option: String) -> String? {
      let words = arguments.prefix { $0 != "--" }
      for (index, word) in words.enumerated() {
        if word.hasPrefix("\(option)=") { return String(word.dropFirst(option.count + 1)) }
        if word == option, index + 1 < words.count { return words[index + 1] }
      }
      return nil
    }
    func absolute(_ path: String) -> String { PathText.absolute(path, from: currentDirectory) }
    self.init(state: value("--state").map(absolute), policy: value("--policy").map(absolute))
  }
}
