internal import RecoverBase
internal import RecoverSteps

/// The plan of a restore of files, and what its inspection found, as a person reads them: pure.
enum FilesPlanView {
  /// What the plan is about, each with a heading.
  static func facts(_ bindings: FilesBindings, now: WallTime) -> [(String, String)] {
    var facts: [(String, String)] = []
    if let run = bindings.undoes {
      facts.append(("undoes", "run \(run): what it replaced is exchanged back"))
    } else {
      facts.append(("archive", PlanView.source(bindings.backup, now: now)))
    }
    facts.append(("target", target(bindings)))
    if bindings.undoes == nil {
      if let text = bindings.selectionText { facts.append(("takes", text)) }
      facts += [("replaces", deed(bindings)), ("owners", bindings.ownerText)]
    }
    if !bindings.trees.isEmpty {
      facts.append(("trees", "\(bindings.trees.joined(separator: ", ")) of the policy: their services stop meanwhile"))
    }
    facts += PlanView.surroundings(bindings.services, bindings.health)
    facts.append(
      (
        "after",
        "what was replaced is kept for \(bindings.keepPrevious.text) in a directory of its own in \(bindings.home); "
          + "recover undo exchanges it back"
      ))
    return facts
  }

  private static func target(_ bindings: FilesBindings) -> String {
    var text = bindings.target
    if let link = bindings.linkedFrom { text += ", which is where \(link) leads to" }
    if bindings.isMountPoint { text += "; a mount point" }
    return text
  }

  private static func deed(_ bindings: FilesBindings) -> String {
    if bindings.overlays == true {
      return
        "files of the archive take the places of their namesakes; what the archive lacks stays, inside of what trades "
        + "places too (--overlay)"
    }
    return switch bindings.scope {
    case .entries:
      "each name at the archive's top trades places with its namesake; what the archive does not name is not touched"
    case .whole: "all of it, by one exchange; what the archive lacks is gone"
    case .contents:
      "all that is in it, name by name, since a mount point can't trade places; what the archive lacks is gone"
    }
  }

  /// Two lines for `recover show`.
  static func history(_ bindings: FilesBindings) -> [String] {
    let source =
      bindings.undoes.map { "undoes     run \($0)" }
      ?? "archive    \(TerminalText.safe(bindings.backup.path)), \(ByteCount(bindings.backup.sizeBytes))"
    return [source, "target     \(TerminalText.safe(target(bindings)))"]
  }

  // MARK: What the inspection found

  /// Nil for the evidence of another step.
  static func inspection(_ evidence: JSONValue) -> String? {
    if let report = try? evidence.decoded(as: FilesReport.self) { return text(report) }
    return (try? evidence.decoded(as: FilesUndoReport.self)).map(text)
  }

  private static func text(_ report: FilesReport) -> String {
    let counts = [
      (report.files, "file", "files"), (report.directories, "directory", "directories"),
      (report.links, "link", "links"), (report.others, "other", "others"),
    ]
    let content = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.0 == 1 ? $0.1 : $0.2)" }.joined(separator: ", ")
    var lines = [
      "",
      "the archive is whole: \(report.form), \(content), \(ByteCount(report.contentBytes)); it takes "
        + "\(ByteCount(report.neededBytes)), and \(ByteCount(report.freeBytes)) are free",
      "sha256 \(report.sha256)",
    ]
    if let count = report.leftOutCount, let text = report.leftOut {
      lines.append("of the archive, \(count) \(count == 1 ? "member is" : "members are") left out: \(text)")
    }
    lines += ["", table(report)]
    if let text = report.keptText { lines.append(text) }
    if report.untouchedCount > 0 {
      let more = report.untouchedCount - Int64(report.untouched.count)
      lines.append(
        "not touched: \(report.untouched.joined(separator: ", "))" + (more > 0 ? ", and \(more) more" : ""))
    }
    lines.append(
      report.isAtomic
        ? "each is exchanged at once (renameat2): no name is ever missing"
        : "this file system can't exchange two names at once: each is exchanged by two renames, and its name is missing "
          + "for a moment")
    lines += report.losses.map { "note: \($0.text)" } + report.notes.map { "note: \($0)" }
    return lines.map { $0.contains("\n") ? $0 : TerminalText.safe($0) }.joined(separator: "\n")
  }

  private static func table(_ report: FilesReport) -> String {
    var table = TextTable(headings: ["NAME", "WHAT HAPPENS", "NOW", "THEN", "FILES", "SIZE"])
    for entry in report.entries {
      table.add([
        TerminalText.safe(entry.name), entry.fate.rawValue, entry.live ?? "-", entry.entering ?? "-", "\(entry.files)",
        "\(ByteCount(entry.bytes))",
      ])
    }
    return table.text
  }

  private static func text(_ report: FilesUndoReport) -> String {
    var table = TextTable(headings: ["NAME", "NOW", "BEFORE"])
    for entry in report.entries {
      table.add([TerminalText.safe(entry.name), entry.live ?? "not there", entry.before ?? "not there"])
    }
    let notes = (report.notes ?? []).map { "\nnote: \(TerminalText.safe($0))" }
    return "\nthese are exchanged back:\n\(table.text)\(notes.joined())"
  }
}
