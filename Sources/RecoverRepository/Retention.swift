package import RecoverBase

/// Which backups are kept: the newest of each of so many hours, days, weeks, months and years, and so on.
///
/// Periods are those of UTC; a week begins on Monday (ISO 8601). Only periods that have a backup count.
package struct Retention: Sendable, Hashable {
  /// The newest ones.
  package var last = 0
  package var hourly = 0
  package var daily = 0
  package var weekly = 0
  package var monthly = 0
  package var yearly = 0
  /// All that are not older than this.
  package var within: Duration?

  package init() {}

  /// Whether it says anything at all; without a rule nothing is ever pruned.
  package var isEmpty: Bool { self == Retention() }

  /// A backup, as far as retention has to know it.
  package struct Candidate: Sendable, Hashable {
    package var id: BackupID
    /// Whether a restore from it was proved.
    package var isVerified: Bool

    package init(id: BackupID, isVerified: Bool) {
      self.id = id
      self.isVerified = isVerified
    }
  }

  /// Why a backup is kept; none is: it may go.
  package struct Decision: Sendable, Hashable {
    package var id: BackupID
    package var reasons: [String]

    package var isKept: Bool { !reasons.isEmpty }
  }

  /// What becomes of each backup of one database, newest first.
  ///
  /// The newest of all, and the newest whose restore was proved, are always kept.
  package func decide(_ candidates: [Candidate], at now: WallTime) -> [Decision] {
    let sorted = candidates.sorted { $0.id > $1.id }
    var reasons: [BackupID: [String]] = [:]
    for (rule, limit, period) in rules {
      var seen: Set<Int64> = []
      for candidate in sorted where seen.count < limit && seen.insert(period(candidate.id.time)).inserted {
        reasons[candidate.id, default: []].append(rule)
      }
    }
    for (index, candidate) in sorted.enumerated() {
      if index < last { reasons[candidate.id, default: []].append("last") }
      if let within, now - candidate.id.time <= within { reasons[candidate.id, default: []].append("within") }
    }
    if let newest = sorted.first, reasons[newest.id] == nil { reasons[newest.id] = ["the newest"] }
    if let verified = sorted.first(where: \.isVerified) {
      reasons[verified.id, default: []].append("the last verified")
    }
    return sorted.map { Decision(id: $0.id, reasons: isEmpty ? ["no rule"] : reasons[$0.id] ?? []) }
  }

  private var rules: [(rule: String, limit: Int, period: (WallTime) -> Int64)] {
    [
      ("hourly", hourly, { Self.days($0).hour }),
      ("daily", daily, { Int64(Self.days($0).days) }),
      ("weekly", weekly, { Int64(CivilDate.weekStart(daysSinceEpoch: Self.days($0).days)) }),
      (
        "monthly", monthly,
        {
          let date = CivilDate(daysSinceEpoch: Self.days($0).days)
          return Int64(date.year * 12 + date.month)
        }
      ),
      ("yearly", yearly, { Int64(CivilDate(daysSinceEpoch: Self.days($0).days).year) }),
    ]
  }

  private static func days(_ time: WallTime) -> (days: Int, hour: Int64) {
    let seconds = time.microseconds / 1_000_000
    let hours = seconds >= 0 ? seconds / 3600 : (seconds - 3599) / 3600
    return (Int(hours >= 0 ? hours / 24 : (hours - 23) / 24), hours)
  }
}
