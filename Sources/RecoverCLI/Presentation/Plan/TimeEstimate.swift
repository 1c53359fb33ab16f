internal import RecoverBase
internal import RecoverCore

/// How long the parts of a recovery will take, from what runs of before took; nothing is guessed: pure.
struct TimeEstimate {
  /// The steps whose time grows with the backup.
  private static let growing = ["database.load", "database.analyze", "database.verify"]
  /// Those that close the live database, whatever its services are.
  private static let closing = ["database.fence", "database.swap"]
  /// Those that are the target's own: its services, its hooks, its health.
  private static let ownUses = ["services.stop", "hooks.after-restore", "services.start", "health.check"]
  /// A load of less than this part of the backup says little about a load of all of it.
  private static let comparable: Int64 = 10

  /// Loading, analyzing and proving; nil where no load of a comparable size is known.
  private(set) var load: Duration?
  /// How many loads that is from, and how fast they were.
  private(set) var loadCount = 0
  private(set) var bytesPerSecond: Double?
  /// From the moment the services stop to the one they are healthy, without the load; nil where it is not known.
  private(set) var swap: Duration?
  /// How many runs that is from.
  private(set) var swapCount = 0

  /// - Parameters:
  ///   - bytes: the size of the SQL; nil for a plan that loads nothing.
  ///   - past: the newest first.
  init(_ plan: Plan, bytes: Int64?, past: [PastRun], skipping skipped: Set<String> = []) {
    if let bytes, bytes > 0 { estimateLoad(bytes, past) }
    let uses = plan.steps.map(\.uses).filter { !skipped.contains($0) }
    let own = past.filter { $0.target == plan.target.key }
    var sum = Duration.zero
    var counts: [Int] = []
    for use in uses where Self.closing.contains(use) || Self.ownUses.contains(use) {
      // Another target's services say nothing about these; how long a swap takes is much the same everywhere.
      let samples = own.compactMap { $0.took[use] }
      let taken = samples.isEmpty && Self.closing.contains(use) ? past.compactMap { $0.took[use] } : samples
      guard let median = Self.median(taken) else { return }
      sum += median
      counts.append(taken.count)
    }
    (swap, swapCount) = (sum, counts.min() ?? 0)
  }

  /// How long a backup takes to load, whatever is around it.
  init(bytes: Int64, past: [PastRun]) {
    if bytes > 0 { estimateLoad(bytes, past) }
  }

  private mutating func estimateLoad(_ bytes: Int64, _ past: [PastRun]) {
    let loads = past.filter { ($0.loadedBytes ?? 0) > 0 && ($0.loadedBytes ?? 0) >= bytes / Self.comparable }
    var nanosecondsPerByte: [Double] = []
    for run in loads {
      guard let loaded = run.loadedBytes, let time = run.took["database.load"] else { continue }
      let whole = Self.growing.compactMap { run.took[$0] }.reduce(.zero, +)
      nanosecondsPerByte.append(Double(whole.nanoseconds) / Double(loaded))
      bytesPerSecond = bytesPerSecond ?? Double(loaded) / max(time.seconds, 1e-9)
    }
    guard !nanosecondsPerByte.isEmpty else { return }
    let median = nanosecondsPerByte.sorted()[nanosecondsPerByte.count / 2]
    load = .seconds(min(Double(bytes) * median / 1e9, 1e9))
    loadCount = nanosecondsPerByte.count
  }

  private static func median(_ durations: [Duration]) -> Duration? {
    durations.isEmpty ? nil : durations.sorted()[durations.count / 2]
  }
}
