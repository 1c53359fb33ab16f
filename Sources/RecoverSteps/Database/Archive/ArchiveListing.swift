/// The entries of an archive, in the order in which they are restored, as `pg_restore --list` tells them.
struct ArchiveListing: Sendable, Hashable {
  struct Entry: Sendable, Hashable {
    /// The number that the archive knows it by.
    var id: Int32
    var kind: Kind
  }

  enum Kind: Sendable, Hashable {
    /// Rights: restored behind everything else but what looks at them.
    case privileges
    /// The rows of a table: a file of their own in a directory archive.
    case rows
    /// The contents of large objects.
    case largeObjects
    case other
  }

  var entries: [Entry] = []

  /// Reads lines such as `3874; 0 16709 TABLE DATA app customers owner`; all others are comments.
  ///
  /// Names come last on a line and without line breaks, so that none can pass for a number or a kind.
  init(_ text: [UInt8]) {
    for line in text.split(separator: UInt8(ascii: "\n")) where line.first != UInt8(ascii: ";") {
      let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 3)
      guard parts.count == 4, parts[0].last == UInt8(ascii: ";"),
        let id = Int32(String(decoding: parts[0].dropLast(), as: UTF8.self))
      else { continue }
      entries.append(Entry(id: id, kind: Self.kind(parts[3])))
    }
  }

  private static func kind(_ description: ArraySlice<UInt8>) -> Kind {
    func begins(_ word: String) -> Bool { description.starts(with: Array(word.utf8)) }
    // The order of passes: _tocEntryRestorePass in src/bin/pg_dump/pg_backup_archiver.c.
    if begins("ACL ") || begins("DEFAULT ACL ") { return .privileges }
    if begins("TABLE DATA ") { return .rows }
    return begins("BLOBS ") ? .largeObjects : .other
  }
}

/// How an archive is cut into pieces that are read one by one: pure.
///
/// Whatever the cuts, the pieces read one after the other are what one reading of the whole archive gives.
struct ArchiveCuts: Sendable, Hashable {
  /// The entries of each piece, in their order.
  var pieces: [[Int32]] = []

  /// How coarse the pieces are where sizes are known.
  struct Grain: Sendable, Hashable {
    /// What is small shares a piece until it has so many bytes in the archive.
    var groupBytes: Int64 = 16 << 20
    /// What has as many bytes in the archive is a piece of its own.
    var largeBytes: Int64 = 4 << 20
  }

  /// - Parameters:
  ///   - sizes: bytes in the archive by entry; nil where nobody can tell them.
  ///   - mostPieces: of rows; each costs a reading of the table of contents, and of what stands before it where the
  ///     form can't be sought in.
  init(_ listing: ArchiveListing, sizes: [Int32: Int64]?, mostPieces: Int, grain: Grain = Grain()) {
    let main = listing.entries.filter { $0.kind != .privileges }
    let late = listing.entries.filter { $0.kind == .privileges }.map(\.id)
    let first = main.firstIndex { $0.kind.isData } ?? main.endIndex
    let afterLast = main.lastIndex { $0.kind.isData }.map { $0 + 1 } ?? main.endIndex
    if first > 0 { pieces.append(main[..<first].map(\.id)) }
    if first < afterLast { cutRows(main[first..<afterLast], sizes, mostPieces, grain) }
    // Rights go behind all objects, and event triggers and refreshes behind rights: pg_restore sorts them so.
    let rest = main[afterLast...].map(\.id) + late
    if !rest.isEmpty { pieces.append(rest) }
  }

  private mutating func cutRows(
    _ entries: ArraySlice<ArchiveListing.Entry>, _ sizes: [Int32: Int64]?, _ most: Int, _ grain: Grain
  ) {
    let total = entries.reduce(Int64(0)) { $0 + weight($1, sizes) }
    let share = total / Int64(max(most, 1)) + 1
    let limit = sizes == nil ? share : max(grain.groupBytes, share)
    let large = sizes == nil ? share : max(grain.largeBytes, share / 4)
    var (group, groupWeight): ([Int32], Int64) = ([], 0)
    func isFull(adding weight: Int64) -> Bool { !group.isEmpty && (groupWeight + weight > limit || weight >= large) }
    for entry in entries {
      let weight = weight(entry, sizes)
      if entry.kind.isData, isFull(adding: weight) || groupWeight >= large {
        pieces.append(group)
        (group, groupWeight) = ([], 0)
      }
      group.append(entry.id)
      groupWeight += weight
    }
    if !group.isEmpty { pieces.append(group) }
  }

  private func weight(_ entry: ArchiveListing.Entry, _ sizes: [Int32: Int64]?) -> Int64 {
    guard entry.kind.isData else { return 0 }
    return sizes.map { $0[entry.id] ?? 0 } ?? 1
  }
}

extension ArchiveListing.Kind {
  fileprivate var isData: Bool { self == .rows || self == .largeObjects }
}
