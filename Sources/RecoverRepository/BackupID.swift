package import RecoverBase

/// The name of a backup's directory: `<UTC time>-<run>`, so that names sort by time.
package struct BackupID: Sendable, Hashable, Comparable, CustomStringConvertible {
  package let text: String
  /// When it began, to the second.
  package let time: WallTime

  package init(time: WallTime, run: String) {
    text = "\(time.compact)-\(run)"
    self.time = WallTime(microseconds: time.microseconds - time.microseconds % 1_000_000)
  }

  /// A directory's name; nil for what is none of a backup.
  package init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[1].isEmpty, let time = WallTime(compact: String(parts[0])) else { return nil }
    self.text = text
    self.time = time
  }

  package var description: String { text }
  package static func < (left: BackupID, right: BackupID) -> Bool { left.text < right.text }

  /// What a directory is called while its backup is written.
  package static let partialPrefix = ".partial-"
}

extension WallTime {
  /// Reads ``compact``: `20261123T065131Z`; nil for anything else.
  init?(compact text: String) {
    let digits = Array(text.utf8)
    guard digits.count == 16, digits[8] == UInt8(ascii: "T"), digits[15] == UInt8(ascii: "Z") else { return nil }
    func number(_ range: Range<Int>) -> Int64? {
      let part = digits[range]
      guard part.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { return nil }
      return Int64(String(decoding: part, as: UTF8.self))
    }
    guard let year = number(0..<4), let month = number(4..<6), let day = number(6..<8), let hour = number(9..<11),
      let minute = number(11..<13), let second = number(13..<15), (1...12).contains(month), (1...31).contains(day),
      hour < 24, minute < 60, second < 61
    else { return nil }
    let days = CivilDate(year: Int(year), month: Int(month), day: Int(day)).daysSinceEpoch
    self.init(microseconds: (Int64(days) * 86_400 + hour * 3600 + minute * 60 + second) * 1_000_000)
  }
}
