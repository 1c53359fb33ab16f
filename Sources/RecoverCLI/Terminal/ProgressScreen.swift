internal import RecoverBase
internal import RecoverEngine

/// What progress writes, decided without writing it: pure, every method gives the text to write.
struct ProgressScreen {
  /// How progress is shown.
  enum Mode: Equatable {
    /// Not at all.
    case silent
    /// One plain line an event.
    case plain
    /// One line that is redrawn, with rate and time left; events scroll by above it.
    case live
  }

  private let mode: Mode
  /// The width of the longest step's name, so that numbers stay in their column.
  private let nameColumns: Int
  /// What stands on the live line.
  private var line = ""
  /// What is being done, whole, and since when nothing else was said of it; empty between steps.
  private var standing = ""
  private var standingSince = WallTime(microseconds: 0)
  /// When the last plain line was written.
  private var stampedAt = WallTime(microseconds: 0)
  private var drawnAt: Moment?
  private var meters: [String: RateMeter] = [:]

  /// How far each step had come when a plain line last said so.
  private var said: [String: (moment: Moment, bytes: Int64)] = [:]

  private static let redrawEvery = Duration.milliseconds(100)
  /// Plain lines are never nearer to each other, and come when a tenth more is done or after a minute.
  private static let plainAtMostEvery = Duration.seconds(10)
  private static let plainAtLeastEvery = Duration.seconds(60)
  /// What stands for a shorter time needs no clock.
  private static let clockAfter = Duration.seconds(3)
  private static let eraseLine = "\r\u{1B}[K"
  /// Narrower terminals are drawn on as if they had this many columns.
  private static let fewestColumns = 20

  /// - Parameter steps: the names of the steps that there will be.
  init(mode: Mode, steps: [String]) {
    self.mode = mode
    nameColumns = steps.map { TerminalText.width($0) }.max() ?? 0
  }

  /// An event on a line of its own; on a live screen a beginning becomes the live line.
  ///
  /// - Parameters:
  ///   - step: the step that it is about; its rate is measured anew once it is over.
  ///   - time: in UTC; its time of day is shown.
  ///   - isEnd: whether what it is about is over.
  mutating func event(_ text: String, step: String?, at time: WallTime, isEnd: Bool, columns: Int) -> String {
    if isEnd, let step { (meters[step], said[step]) = (nil, nil) }
    let text = TerminalText.safe(text)
    stand(isEnd ? "" : text, at: time)
    switch mode {
    case .silent: return ""
    case .plain: return stamped(text, time)
    case .live: return isEnd ? clear() + stamped(text, time) : draw(text, columns)
    }
  }

  private mutating func stand(_ text: String, at time: WallTime) {
    if standing != text { (standing, standingSince) = (text, time) }
  }

  /// Once a second: a clock behind what has been standing on the live line for some time; elsewhere a line a minute, so
  /// that a statement that takes long looks alive.
  mutating func tick(at time: WallTime, columns: Int) -> String {
    guard !standing.isEmpty, time - standingSince >= Self.clockAfter else { return "" }
    let elapsed = Duration.seconds((time - standingSince).nanoseconds / 1_000_000_000).text
    switch mode {
    case .silent: return ""
    case .live: return draw("\(standing)  \(elapsed)", columns)
    case .plain:
      guard time - stampedAt >= Self.plainAtLeastEvery else { return "" }
      return stamped("\(standing), for \(elapsed)", time)
    }
  }

  private mutating func stamped(_ text: String, _ time: WallTime) -> String {
    stampedAt = time
    return "\(time.description.dropFirst("2026-11-23T".count)) \(text)\n"
  }

  /// Whether a plain line about a step's progress is due; the first update only starts the clock.
  private mutating func isDue(_ step: String, _ progress: Progress, at now: Moment) -> Bool {
    let doneBytes = progress.doneBytes
    guard let last = said[step], doneBytes >= last.bytes else {
      said[step] = (now, doneBytes)
      return false
    }
    let pause = now - last.moment
    guard pause >= Self.plainAtMostEvery else { return false }
    let isTenth = progress.totalBytes.map { doneBytes - last.bytes >= max(1, $0 / 10) } ?? false
    // It may be the last word for a long time.
    guard isTenth || !progress.isMeasured || pause >= Self.plainAtLeastEvery else { return false }
    said[step] = (now, doneBytes)
    return true
  }

  /// The live line of a step, or nothing when it was drawn a moment ago; elsewhere a plain line now and then.
  ///
  /// - Parameter time: in UTC; plain lines show its time of day.
  mutating func update(
    step: String, _ progress: Progress, at now: Moment, time: WallTime, columns: Int
  ) -> String {
    guard mode != .silent else { return "" }
    meters[step, default: RateMeter()].record(progress.doneBytes, at: now)
    let rate = progress.isMeasured ? meters[step]?.bytesPerSecond : nil
    if mode == .plain {
      let text = TerminalText.safe(ProgressText.line(step: "\(step):", progress, bytesPerSecond: rate))
      stand(text, at: time)
      return isDue(step, progress, at: now) ? stamped(text, time) : ""
    }
    // What is not measured may stand for a long time, so it is drawn at once.
    if progress.isMeasured, let drawnAt, now - drawnAt < Self.redrawEvery { return "" }
    drawnAt = now
    let name = TerminalText.padded(step, columns: nameColumns)
    let text = TerminalText.safe(ProgressText.line(step: name, progress, bytesPerSecond: rate))
    stand(text, at: time)
    return draw(text, columns)
  }

  /// Takes the live line away, so that other text can be written.
  mutating func clear() -> String {
    guard !line.isEmpty else { return "" }
    line = ""
    return Self.eraseLine
  }

  private mutating func draw(_ text: String, _ columns: Int) -> String {
    let erasure = clear()
    // The last column stays free: a terminal that wraps there could not take the line back.
    line = TerminalText.fitted(text, columns: max(columns, Self.fewestColumns) - 1)
    return erasure + line
  }
}
