internal import ArgumentParser
internal import RecoverBase
internal import RecoverCore

/// The run that a command is about: its name, or enough of its beginning or end to be the only one.
struct RunArgument: ParsableArguments {
  @Argument(help: ArgumentHelp("The run, as `recover runs` names it; `last` is the newest.", valueName: "run"))
  var text: String

  /// The run that is meant.
  ///
  /// - Parameter runs: every run there is, oldest first.
  /// - Throws: ``RecoverError`` `usage` for none or several.
  static func find(_ text: String, among runs: [RunID]) throws -> RunID {
    if text == "last", let newest = runs.last { return newest }
    let wanted = text.lowercased()
    let fitting = wanted.isEmpty ? [] : runs.filter { $0.text.hasPrefix(wanted) || $0.text.hasSuffix(wanted) }
    guard let only = fitting.first, fitting.count == 1 else {
      let what = fitting.isEmpty ? "there is no run \(text)" : "\(fitting.count) runs fit \(text)"
      throw RecoverError(.usage, what, hint: "recover runs lists them; `last` is the newest")
    }
    return only
  }
}
