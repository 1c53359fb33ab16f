internal import Glibc
internal import RecoverBase
internal import RecoverCore

/// The end of what a failed build or deployment printed, or a service that does not work logged, for people who would look
/// there next.
struct LogTail {
  /// Where the logs of the run's steps are.
  let directory: String
  let plan: Plan

  private static let lineLimit = 20
  private static let byteLimit = 8192
  /// The steps whose logs tell why they failed.
  private static let logging = ["release.", "services.", "health."]

  private static func isLogged(_ cause: Cause) -> Bool {
    switch cause.code {
    case .stepFailed, .timedOut, .checkFailed: true
    default: false
    }
  }

  /// The last lines of the log of the step that an event ends in failure, each with a mark; none for any other event.
  func lines(after event: RunEvent) -> [String] {
    guard case .step(let id, let event) = event else { return [] }
    guard let use = plan.steps.first(where: { $0.id == id })?.uses, Self.logging.contains(where: use.hasPrefix) else {
      return []
    }
    let name: String
    switch event {
    case .failed(let cause) where Self.isLogged(cause): name = id
    case .undoFailed(let cause) where Self.isLogged(cause): name = use.hasPrefix("release.") ? "\(id).undo" : id
    default: return []
    }
    let text = SecretMask.masked(tail(of: "\(directory)/\(name).log"), known: ProcessEnvironment.secrets)
    return text.split(whereSeparator: \.isNewline).suffix(Self.lineLimit).map { "  | \(TerminalText.safe(String($0)))" }
  }

  private func tail(of path: String) -> String {
    let number = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard number >= 0 else { return "" }
    defer { close(number) }
    let size = lseek(number, 0, SEEK_END)
    let start = max(0, size - off_t(Self.byteLimit))
    var bytes = [UInt8](repeating: 0, count: Int(max(0, size - start)))
    let count = unsafe pread(number, &bytes, bytes.count, start)
    let text = bytes.prefix(max(0, count))
    // A line that was cut says less than it seems to.
    let whole = start == 0 ? text : text.drop { $0 != UInt8(ascii: "\n") }
    return String(decoding: whole, as: UTF8.self)
  }
}
