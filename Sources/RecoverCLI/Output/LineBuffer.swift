/// Lines for standard output, written in larger pieces: for answers of many thousand lines.
struct LineBuffer {
  private var text = ""

  private static let limit = 64 << 10

  mutating func add(_ line: String) {
    text += line
    text += "\n"
    if text.utf8.count >= Self.limit { flush() }
  }

  /// Writes what was added so far.
  mutating func flush() {
    if !text.isEmpty { StandardOutput.writeRaw(text) }
    text = ""
  }
}
