internal import ArgumentParser
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine

/// The run that a command is about: its name, or enough of its beginning or end to be the only one.
struct RunArgument: ParsableArguments {
  @Argument(help: ArgumentHelp("The run, as `recover runs` names it; `last` is the newest.", valueName: "run"))
  var text: String

  /// Finds the run.
  ///
  /// - Throws: `usage` for none or several.
  func resolve(in store: some RunStore) async throws -> RunID {
    if let run = RunID(text) { return run }
    let runs = try await store.runs(of: nil)
    if text == "last", let newest = runs.last { return newest.run }
    let fitting = runs.filter { $0.run.text.hasPrefix(text.lowercased()) || $0.run.text.hasSuffix(text.lowercased()) }
    guard let only = fitting.first, fitting.count == 1 else {
      let what = fitting.isEmpty ? "there is no run \(text)" : "\(fitting.count) runs fit \(text)"
      throw RecoverError(.usage, what, hint: "recover runs lists them")
    }
    return only.run
  }
}
