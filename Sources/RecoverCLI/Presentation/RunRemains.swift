internal import RecoverBase
internal import RecoverCore

/// What a run leaves behind, from the evidence of its steps: databases, and effects that could not be taken back: pure.
struct RunRemains {
  /// The name that the live database of before has now, and until when it is kept.
  private(set) var previousDatabase: String?
  private(set) var keptUntil: String?
  /// The name of a restored copy that did not pass, and until when it is kept.
  private(set) var failedDatabase: String?
  private(set) var failedUntil: String?
  /// The file that holds the live database of before a run in place, and until when it is kept.
  private(set) var safetyDump: String?
  private(set) var safetyUntil: String?
  /// The schemas that hold the live tables of before, and the restored ones that did not pass, each with its end.
  private(set) var keptTables: String?
  private(set) var failedTables: String?
  /// The schema that holds the keys of rows that were inserted, with its end.
  private(set) var keptKeys: String?
  /// Rows that were inserted, and that the way back had to leave; their keys are in a schema.
  private(set) var rowsLeft: Int64 = 0
  private(set) var rowsLeftIn: String?
  /// The directory with the files of before, or with restored ones that did not pass, and its end.
  private(set) var keptTree: String?
  private(set) var failedTree: String?
  private(set) var treeUntil: String?
  /// After-restore hooks whose effect stands though the run went back.
  private(set) var standing: [String] = []
  /// The stash that still has what was put aside before a release was checked out.
  private(set) var stash: String?
  /// A branch that was moved while the run had another commit checked out, so that HEAD stays detached.
  private(set) var movedBranch: String?
  /// Rows that were written while the failed copy was live; they are in it, and nowhere else.
  private(set) var writesWhileLive: Int64 = 0
  /// The same of a run in place, which can't keep the copy: they are gone.
  private(set) var writesLost: Int64 = 0

  init(_ machine: RunMachine) {
    for step in machine.steps {
      guard let evidence = step.evidence else { continue }
      let until = evidence["kept until"]?.string
      if let failed = evidence["failedCopy"]?.string { (failedDatabase, failedUntil) = (failed, until) }
      if let previous = evidence["previous"]?.string {
        (previousDatabase, keptUntil) = (previous, until ?? keptUntil)
      }
      if let dump = evidence["safetyDump"]?.string { (safetyDump, safetyUntil) = (dump, until ?? safetyUntil) }
      if let kept = evidence["keptTables"].map(EvidenceText.names), !kept.isEmpty {
        keptTables = kept.joined(separator: ", ") + (until.map { ", kept until \($0)" } ?? "")
      }
      if let failed = evidence["failedTables"].map(EvidenceText.names), !failed.isEmpty {
        failedTables = failed.joined(separator: ", ") + (until.map { " until \($0)" } ?? "")
        keptTables = nil
      }
      if let kept = evidence["keptKeys"]?.string { keptKeys = kept + (until.map { ", kept until \($0)" } ?? "") }
      if let left = evidence["rowsLeft"]?.integer, let schema = evidence["leftIn"]?.string {
        (rowsLeft, rowsLeftIn) = (left, schema + (until.map { " until \($0)" } ?? ""))
      }
      stash = evidence["stashKept"]?.string ?? stash
      movedBranch = evidence["branchMoved"]?.string ?? movedBranch
      if let kept = evidence["keptTree"]?.string { (keptTree, treeUntil) = (kept, until ?? treeUntil) }
      if evidence["exchangedBack"] != nil { keptTree = nil }
      if let failed = evidence["failedTree"]?.string { (failedTree, treeUntil) = (failed, until) }
      standing += EvidenceText.names(evidence["standing"] ?? .null)
      writesWhileLive += EvidenceText.writes(evidence["writesWhileLive"] ?? .null) ?? 0
      writesLost += EvidenceText.writes(evidence["writesLost"] ?? .null) ?? 0
    }
  }

  /// Whether what was there before the run is there again, and nothing beside it.
  var isClean: Bool { standing.isEmpty && writesWhileLive == 0 && writesLost == 0 && rowsLeft == 0 }

  /// What a person has to know, in a few words; empty where nothing is left.
  var words: [String] {
    var words: [String] = []
    if !standing.isEmpty {
      let list = standing.map { "`\($0)`" }.joined(separator: ", ")
      words.append("what \(standing.count == 1 ? "hook" : "hooks") \(list) did stands")
    }
    if writesWhileLive > 0, failedDatabase != nil || failedTables != nil {
      words.append("\(writesWhileLive) \(writesWhileLive == 1 ? "write" : "writes") to the restored copy stay in it")
    }
    if writesLost > 0 {
      words.append("\(writesLost) \(writesLost == 1 ? "write" : "writes") to the restored copy went with it")
    }
    if let failedDatabase {
      words.append("the restored copy is kept as \(failedDatabase)" + (failedUntil.map { " until \($0)" } ?? ""))
    }
    if let previousDatabase {
      words.append("the database of before is \(previousDatabase)" + (keptUntil.map { ", kept until \($0)" } ?? ""))
    }
    if let failedTables { words.append("the restored tables are kept in schema \(failedTables)") }
    if let keptTables { words.append("the tables of before are in schema \(keptTables)") }
    if let rowsLeftIn {
      words.append(
        "\(rowsLeft) inserted \(rowsLeft == 1 ? "row stays" : "rows stay"), changed or referred to since; the keys are "
          + "in schema \(rowsLeftIn)")
    }
    if let keptKeys { words.append("the keys of the inserted rows are in schema \(keptKeys)") }
    if let failedTree {
      words.append("the restored files are kept in \(failedTree)" + (treeUntil.map { " until \($0)" } ?? ""))
    }
    if let keptTree {
      words.append("what was replaced is in \(keptTree)" + (treeUntil.map { ", kept until \($0)" } ?? ""))
    }
    if let safetyDump {
      words.append("the safety dump is \(safetyDump)" + (safetyUntil.map { ", kept until \($0)" } ?? ""))
    }
    if let stash { words.append("what was put aside is in stash \(stash) (git stash list)") }
    if let movedBranch { words.append("branch \(movedBranch) was moved meanwhile: HEAD is detached") }
    return words
  }
}
