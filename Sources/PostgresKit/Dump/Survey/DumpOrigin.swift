package import RecoverBase

/// What the comments of pg_dump and pg_dumpall say about a dump.
///
/// Hints: anybody can write a comment.
package struct DumpOrigin: Sendable, Hashable, Codable {
  /// Whether pg_dump's or pg_dumpall's first line was found.
  package var hasBanner = false
  /// Whether pg_dumpall wrote it.
  package var isCluster = false
  /// The server that was dumped.
  package var server: DumpVersion?
  /// The pg_dump that did it.
  package var program: DumpVersion?
  /// When it began, as `pg_dump --verbose` writes it: `2026-11-23 07:03:00 UTC`.
  package var started: String?
  /// ``started`` as a time, where its zone is UTC or GMT.
  package var startedAt: WallTime?
}

/// A version as PostgreSQL writes it.
package struct DumpVersion: Sendable, Hashable, Codable {
  /// `15.20 (Debian 15.20-0+deb12u1)`.
  package var text: String
  /// As `server_version_num` has it: 150020 for 15.20, 90624 for 9.6.24.
  package var number: Int

  /// - Returns: nil when the text does not begin with a number.
  package init?(_ text: String) {
    let digits = text.utf8.prefix { Ascii.isDigit($0) || $0 == Ascii.dot }
    let parts = digits.split(separator: Ascii.dot).map { Int(String(decoding: $0.prefix(4), as: UTF8.self)) ?? 0 }
    guard let major = parts.first else { return nil }
    let rest = parts.dropFirst() + [0, 0]
    let (second, third) = (rest[rest.startIndex], rest[rest.startIndex + 1])
    self.text = text
    number = major >= 10 ? major * 10_000 + second : major * 10_000 + second * 100 + third
  }

  /// The part that decides about compatibility: 15, or 9 for everything before 10.
  package var major: Int { number / 10_000 }
}

extension DumpOrigin {
  /// Takes one line comment into account, without its dashes.
  mutating func note(_ comment: String) {
    func value(after prefix: String) -> String? {
      comment.hasPrefix(prefix) ? String(comment.dropFirst(prefix.count)) : nil
    }
    if comment == "PostgreSQL database dump" {
      hasBanner = true
    } else if comment == "PostgreSQL database cluster dump" {
      (hasBanner, isCluster) = (true, true)
    } else if let text = value(after: "Dumped from database version ") {
      server = server ?? DumpVersion(text)
    } else if let text = value(after: "Dumped by pg_dump version ") {
      program = program ?? DumpVersion(text)
    } else if started == nil, let text = value(after: "Started on ") {
      started = text
      startedAt = Self.time(text)
    }
  }

  /// `2026-11-23 07:03:00 UTC` as a time.
  private static func time(_ text: String) -> WallTime? {
    let words = text.split(separator: " ")
    guard words.count == 3, words[2] == "UTC" || words[2] == "GMT" else { return nil }
    let numbers = (words[0].split(separator: "-") + words[1].split(separator: ":")).compactMap { Int64($0) }
    guard numbers.count == 6, (1...12).contains(numbers[1]), (1970...9999).contains(numbers[0]) else { return nil }
    // Days from the civil date, in years that begin with March, so that the leap day is the last one.
    let year = numbers[1] > 2 ? numbers[0] : numbers[0] - 1
    let monthOfYear = (numbers[1] + 9) % 12
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * monthOfYear + 2) / 5 + numbers[2] - 1 - 719_468
    let seconds = ((days * 24 + numbers[3]) * 60 + numbers[4]) * 60 + numbers[5]
    return WallTime(microseconds: seconds * 1_000_000)
  }
}
