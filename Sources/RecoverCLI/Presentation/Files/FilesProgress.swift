internal import RecoverEngine

/// How far a restore of files has come, on the terminal.
struct FilesProgress: Sendable {
  private let live: LiveProgress

  init(isSilent: Bool) { live = LiveProgress(mode: isSilent ? .silent : .automatic, steps: ["files"]) }

  func update(_ phase: String, doneBytes: Int64, totalBytes: Int64) {
    live.update(step: "files", Progress(doneBytes: doneBytes, totalBytes: totalBytes, detail: phase))
  }

  func clear() { live.clear() }
}
