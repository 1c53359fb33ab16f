package import ArchiveKit
package import RecoverBase

/// What the inspection of a restore of files found, for the steps that follow and for people.
package struct FilesReport: Sendable, Hashable, Codable {
  /// A name that is exchanged.
  package struct Entry: Sendable, Hashable, Codable {
    package enum Fate: String, Sendable, Hashable, Codable {
      case replaced
      case new
      /// It is there, the archive has none of the name, and the target is to be exactly the archive.
      case removed
    }

    package var name: String
    package var fate: Fate
    /// What it is now, and what it will be: `directory`, `file`, `link` and so on.
    package var live: String?
    package var entering: String?
    /// What the archive has in it: files, and their bytes.
    package var files: Int64
    package var bytes: Int64
  }

  /// Members whose files will not have all that the archive says.
  package struct Loss: Sendable, Hashable, Codable {
    package var kind: ExtractionReport.Loss
    package var count: Int64
    package var examples: String
  }

  /// Of the archive's file.
  package var sha256: Digest
  package var form: String
  package var files: Int64
  package var directories: Int64
  package var links: Int64
  package var others: Int64
  /// Members that the selection leaves out: how many, and the first ones; nil where there are none.
  package var leftOutCount: Int64?
  package var leftOut: String?
  package var contentBytes: Int64
  /// What stays in what is replaced, since the archive lacks it; nil where nothing is to.
  package var kept: TreeRemainder.Size?
  /// What it takes on the disk, and what was free.
  package var neededBytes: Int64
  package var freeBytes: Int64
  package var entries: [Entry]
  /// Names that are not touched: how many, and the first ones.
  package var untouchedCount: Int64
  package var untouched: [String]
  package var method: TreeExchange.Method
  package var losses: [Loss]
  package var notes: [String]
}

extension FilesReport {
  /// Which names are new, replaced and removed, and what each becomes, as a few digits: what a plan's hash can't cover, since
  /// only the inspection reads the archive.
  package var namesDigest: String {
    let text = entries.map { "\($0.fate.rawValue)/\($0.live ?? "")/\($0.entering ?? "")/\($0.name)" }
    return Digest(of: Array(text.joined(separator: "//").utf8)).short
  }

  /// What stays in what is replaced, for people; nil where nothing is to.
  package var keptText: String? {
    guard let kept else { return nil }
    let count = kept.files + kept.directories + kept.others
    guard count > 0 else { return "stays: nothing, since the archive has all that is in what is replaced" }
    let sockets = kept.sockets > 0 ? "; \(kept.sockets) sockets do not: whoever listens makes them" : ""
    let counts = [
      (kept.files, "file", "files"), (kept.directories, "directory", "directories"), (kept.others, "other", "others"),
    ]
    let what = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.0 == 1 ? $0.1 : $0.2)" }.joined(separator: ", ")
    return "stays: \(what), \(ByteCount(kept.bytes)), that the archive lacks: \(kept.examples.joined(separator: ", "))"
      + (count > Int64(kept.examples.count) ? ", and what is in or beside them" : "") + sockets
  }

  /// Whether no name is ever missing meanwhile.
  package var isAtomic: Bool { method == .atomic }
}

extension FilesReport.Loss {
  /// For people.
  package var text: String { "\(count) \(Self.text(kind)) (\(examples))" }

  static func all(of report: ExtractionReport) -> [FilesReport.Loss] {
    ExtractionReport.Loss.allCases.compactMap { kind in
      report.losses[kind].map { FilesReport.Loss(kind: kind, count: $0.count, examples: $0.text) }
    }
  }

  private static func text(_ loss: ExtractionReport.Loss) -> String {
    switch loss {
    case .owner: "with another owner than in the archive"
    case .privilege: "without their setuid or setgid bit, which --keep-setuid keeps"
    case .device: "devices that are not made, which --devices makes"
    case .attribute: "without their extended attributes"
    case .leftOut: "without attributes or lists that were not asked for (--privileged-attributes)"
    case .accessList: "without their access control list"
    case .link: "links to devices that are not made"
    case .madeUpDirectory: "directories that the archive does not have, with mode 0755"
    case .name: "whose user or group has no such name here, so that the number counts"
    }
  }
}
