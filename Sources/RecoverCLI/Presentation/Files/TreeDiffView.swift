internal import ArchiveKit
internal import RecoverBase

/// In what a tree is not what an archive says, printed while it is found.
enum TreeDiffView {
  /// Compares; negative where there is a difference.
  static func run(
    _ file: TarFile, _ tree: String, _ policy: ExtractionPolicy, _ budget: TarBudget, isJSON: Bool
  ) async throws -> ExitStatus {
    try await BlockingThread.run("recover-diff") { interruption in
      let lines = Lines(isJSON: isJSON)
      do {
        try PipelinedSource.reading(file, budget: budget, interruption) { reader in
          try TreeComparison.compare(
            &reader, with: try TreeRoot(tree), scratch: try TreeRoot(ProcessEnvironment.value("TMPDIR") ?? "/tmp"),
            policy
          ) { lines.add($0) }
        }
      } catch {
        lines.flush()
        throw error
      }
      return try lines.finish(file, tree)
    }
  }

  private final class Lines {
    private let isJSON: Bool
    private var output = LineBuffer()
    private var count: Int64 = 0

    init(isJSON: Bool) { self.isJSON = isJSON }

    func add(_ difference: TreeDifference) {
      count += 1
      let (path, what) = (difference.path.description, difference.what.description)
      guard isJSON else {
        output.add(TerminalText.safe("\(path): \(what)"))
        return
      }
      // Text and numbers alone have a form in JSON, always.
      let row: JSONValue = ["kind": "difference", "path": .string(path), "what": .string(what)]
      if let line = try? JSONLines.line(row) { output.add(line) }
    }

    func flush() { output.flush() }

    func finish(_ file: TarFile, _ tree: String) throws -> ExitStatus {
      let status = count == 0 ? ExitStatus.success : .refused
      if isJSON {
        output.add(
          try JSONLines.line([
            "kind": "summary", "state": "done", "exit": .integer(Int64(status.rawValue)),
            "differences": .integer(count),
          ]))
      } else {
        let verdict = count == 0 ? "no difference" : count == 1 ? "1 difference" : "\(count) differences"
        output.add(TerminalText.safe("\(verdict) between \(file.path) and \(tree)"))
      }
      output.flush()
      return status
    }
  }
}
