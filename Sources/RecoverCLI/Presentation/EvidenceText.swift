internal import RecoverBase

/// What a step found or did, in a few words from the evidence that it left: pure.
///
/// Evidence is JSON of the step's own; keys that are not known here say nothing, so that a step of another
/// version never makes a line unreadable.
enum EvidenceText {
  /// `3000 rows, 1.2 GB of SQL`; nil where there is nothing to tell.
  static func words(_ evidence: JSONValue?) -> String? {
    guard case .object(let members)? = evidence else { return nil }
    let phrases = phrases.compactMap { key, phrase in members[key].flatMap(phrase) }
    return phrases.isEmpty ? nil : phrases.joined(separator: ", ")
  }

  private typealias Phrase = @Sendable (JSONValue) -> String?

  /// In the order in which they are told.
  private static let phrases: [(key: String, phrase: Phrase)] = [
    ("name", { $0.string.map { "database \($0)" } }),
    ("tableCount", { count($0, "table") }),
    ("tables", { count($0, "table") }),
    ("rowCount", { count($0, "row") }),
    ("rows", { count($0, "row") }),
    ("assertions", { $0.integer == 0 ? nil : count($0, "assertion") }),
    ("dumpBytes", { $0.integer.map { "\(ByteCount($0)) of SQL" } }),
    ("selection", { leftOut($0) }),
    ("readBy", { $0.string.map { "read by \($0)" } }),
    ("bytes", { $0.integer.map { "\(ByteCount($0)) of SQL" } }),
    ("jobs", { $0.integer.flatMap { $0 > 1 ? "over \($0) connections" : nil } }),
    ("serialBecause", { $0.string.map { "in the backup's own order: \($0)" } }),
    ("resumed", { $0.bool == true ? "went on where the last runner stopped" : nil }),
    ("remarks", { list in many(list).map { "\($0) remark\($0 == 1 ? "" : "s")" } }),
    ("warnings", { list in many(list).map { "\($0) note\($0 == 1 ? "" : "s")" } }),
    ("ended", { $0.integer == 0 ? nil : count($0, "session").map { "\($0) ended" } }),
    ("blockedNanoseconds", { $0.integer.map { "blocked for \(ElapsedText.text(.nanoseconds($0)))" } }),
    ("live OID", { $0.integer.map { "OID \($0) is live" } }),
    ("previous", { $0.string.map { "the database of before is now \($0)" } }),
    ("droppedLive", { $0.string.map { "dropped \($0)" } }),
    ("files", { count($0, "file") }),
    ("keptFiles", { count($0, "file").map { "\($0) that the archive lacks" } }),
    ("proved", { count($0, "file") }),
    ("entries", { count($0, "name") }),
    ("contentBytes", { $0.integer.map { "\(ByteCount($0))" } }),
    ("losses", { list in many(list).map { "\($0) kind\($0 == 1 ? "" : "s") of loss, as planned" } }),
    ("replaced", { nameList($0).map { "replaced \($0)" } }),
    ("brought", { nameList($0).map { "brought \($0)" } }),
    ("removed", { nameList($0).map { "took out \($0)" } }),
    ("exchangedBack", { nameList($0).map { "exchanged back \($0)" } }),
    ("keptTree", { $0.string.map { "what was there before is in \($0)" } }),
    ("failedTree", { $0.string.map { "what was restored is kept in \($0)" } }),
    ("safetyDump", { $0.string.map { "the safety dump is \($0)" } }),
    ("restoredFrom", { $0.string.map { "restored from \($0)" } }),
    ("writesLost", { writes($0).map { "\($0) write\($0 == 1 ? "" : "s") while the copy was live went with it" } }),
    ("writesWhileLive", { writes($0).map { "\($0) write\($0 == 1 ? "" : "s") while the copy was live stay in it" } }),
    ("failedCopy", { $0.string.map { "the failed copy is kept as \($0)" } }),
    ("kept until", { $0.string.map { "kept until \($0)" } }),
    ("standing", { list in nameList(list).map { "what \($0) did stands, without an undo" } }),
    ("dropped", { $0.bool.map { $0 ? "dropped" : "nothing was left to drop" } }),
    ("stopped", { nameList($0).map { "stopped \($0)" } }),
    ("started", { nameList($0).map { "started \($0)" } }),
    ("hooks", { nameList($0).map { "ran \($0)" } }),
    ("healthy", { nameList($0).map { "\($0) passed" } }),
    ("url", { $0.string.map { "\($0) answered" } }),
    ("rolesMade", { nameList($0).map { "made \($0)" } }),
    ("tablespacesMade", { nameList($0).map { "made tablespace \($0)" } }),
    ("missing", { count($0, "row").map { "\($0) missing in the live table" } }),
    ("differing", { $0.integer == 0 ? nil : count($0, "row").map { "\($0) differ there and stay" } }),
    ("differingKeys", { keyList($0) }),
    ("inserted", { count($0, "row").map { "inserted \($0)" } }),
    ("skipped", { $0.integer == 0 ? nil : count($0, "row").map { "skipped \($0) that the table refuses" } }),
    ("skippedKeys", { keyList($0) }),
    ("deletable", { count($0, "row").map { "\($0) as they were inserted" } }),
    ("changed", { $0.integer == 0 ? nil : count($0, "row").map { "\($0) changed since" } }),
    ("gone", { $0.integer == 0 ? nil : count($0, "row").map { "\($0) gone since" } }),
    ("deleted", { count($0, "row").map { "deleted \($0)" } }),
    ("rowsLeft", { count($0, "row").map { "\($0) stay, changed or referred to since" } }),
    ("leftKeys", { keyList($0) }),
    ("leftIn", { $0.string.map { "their keys are in schema \($0)" } }),
    ("keptKeys", { $0.string.map { "the keys of the rows are in schema \($0)" } }),
    ("release", { $0.string.map { "release \($0)" } }),
    ("commitsAhead", { $0.integer == 0 ? nil : count($0, "commit").map { "\($0) more than now" } }),
    ("commitsBehind", { $0.integer == 0 ? nil : count($0, "commit").map { "\($0) less than now" } }),
    ("checkedOut", { $0.string.map { "\($0) is checked out" } }),
    ("stash", { $0.string.map { "the changes are in stash \($0.prefix(12))" } }),
    ("keptBuild", { $0.string.map { "\($0) is built already" } }),
    ("built", { $0.string.map { "built \($0)" } }),
    ("deployed", { $0.string.map { "deployed \($0)" } }),
    ("verified", { $0.bool.map { $0 ? "verified healthy" : "not verified: no health check is named" } }),
    ("releasesRemoved", { nameList($0).map { "removed \($0)" } }),
    ("releasesKept", { nameList($0).map { "kept, for what was put into them: \($0)" } }),
    ("backTo", { $0.string.map { "back to \($0)" } }),
    ("branch", { $0.string.map { "branch \($0)" } }),
    ("kept", { $0.string.map { "what was changed meanwhile is stash \($0)" } }),
    ("keptFiles", { nameList($0).map { "untracked files that were in the way are \($0) now" } }),
    ("keptSubmodules", { nameList($0).map { "what was changed meanwhile in submodules: \($0)" } }),
    ("keptDirectory", { $0.string.map { "what was put into it meanwhile is in \($0)" } }),
    ("branchMoved", { $0.string.map { "\($0) was moved meanwhile and stays where it is" } }),
    ("stashBack", { _ in "the changes that were put aside are back" }),
    ("rebuilt", { $0.string.map { "built \($0) again" } }),
    ("redeployed", { $0.string.map { "deployed \($0) again" } }),
    ("removed", { $0.string.map { "removed \($0)" } }),
    ("stashKept", { $0.string.map { "what was put aside is still in stash \($0)" } }),
    ("exit", { $0.integer.map { "exit status \($0)" } }),
  ]

  /// `1 row`, `3000 rows`.
  private static func count(_ value: JSONValue, _ noun: String) -> String? {
    value.integer.map { "\($0) \(noun)\($0 == 1 ? "" : "s")" }
  }

  /// What a selection leaves out: the first few, and how many more.
  private static func leftOut(_ selection: JSONValue) -> String? {
    let all = (selection["leftOut"]?.array ?? []).compactMap { $0["what"]?.string }
    guard !all.isEmpty else { return nil }
    let more = Int64(max(0, all.count - 3)) + (selection["furtherLeftOut"]?.integer ?? 0)
    return "left out: \(all.prefix(3).joined(separator: "; "))" + (more > 0 ? "; and \(more) more" : "")
  }

  /// How many a list has; nil for none.
  private static func many(_ list: JSONValue) -> Int? {
    guard let count = list.array?.count, count > 0 else { return nil }
    return count
  }

  /// A few keys of rows.
  private static func keyList(_ list: JSONValue) -> String? {
    let keys = names(list)
    return keys.isEmpty ? nil : "such as " + keys.map { "(\($0))" }.joined(separator: " ")
  }

  private static func nameList(_ list: JSONValue) -> String? {
    let names = names(list)
    return names.isEmpty ? nil : names.joined(separator: ", ")
  }

  /// The strings of a list.
  static func names(_ list: JSONValue) -> [String] { (list.array ?? []).compactMap(\.string) }

  /// How many rows a count of writes counted; nil for none.
  static func writes(_ count: JSONValue) -> Int64? {
    let tables = count["tables"]?.array ?? []
    let sum = tables.reduce(Int64(0)) { sum, table in
      ["inserted", "updated", "deleted"].reduce(sum) { $0 + (table[$1]?.integer ?? 0) }
    }
    return sum > 0 ? sum : nil
  }
}
