/// How much an archive may hold at most: absolute numbers, since a limit on the ratio of compression would refuse good
/// archives.
package struct TarBudget: Sendable, Hashable, Codable {
  /// Members, and the headers between them.
  package var entries: Int64
  /// The sizes of all files, holes included.
  package var contentBytes: Int64
  /// Decompressed bytes of the archive itself.
  package var archiveBytes: Int64

  /// What is read where nobody says otherwise: a hundred million entries, 64 TiB.
  package static let standard = TarBudget(entries: 100_000_000, contentBytes: 64 << 40, archiveBytes: 64 << 40)

  package init(entries: Int64, contentBytes: Int64, archiveBytes: Int64) {
    self.entries = entries
    self.contentBytes = contentBytes
    self.archiveBytes = archiveBytes
  }

  /// One extended header, long name or long link target.
  static let extendedHeaderBytes: Int64 = 1 << 20
}
