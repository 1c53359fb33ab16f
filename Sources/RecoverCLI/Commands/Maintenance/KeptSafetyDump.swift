internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverSteps

/// The safety dump of a run in place, and what `recover cleanup` does with it.
struct KeptSafetyDump {
  private let dump: SafetyDump
  private let directory: String
  let verdict: Verdict

  enum Verdict: String {
    case expired, retained, open
    /// Its run was abandoned: it may be the only copy of what was live, and nothing here deletes it.
    case abandoned

    var text: String {
      switch self {
      case .expired: "past its retention"
      case .retained: "kept"
      case .open: "kept: its run is open"
      case .abandoned: "kept: its run was abandoned"
      }
    }

    init(_ retainUntil: WallTime?, isOpen: Bool, at time: WallTime) {
      if isOpen {
        self = .open
      } else if let retainUntil {
        self = retainUntil <= time ? .expired : .retained
      } else {
        self = .abandoned
      }
    }
  }

  /// Those of runs whose journal is here, by run.
  static func all(of runs: [RunSummary], _ composition: Composition) throws -> [KeptSafetyDump] {
    try runs.sorted { $0.run.text < $1.run.text }.compactMap { run in
      let directory = composition.directory(of: run.run)
      guard let dump = try SafetyDump.read(in: directory) else { return nil }
      let verdict = Verdict(dump.retainUntil, isOpen: !run.isTerminal, at: .now)
      return KeptSafetyDump(dump: dump, directory: directory, verdict: verdict)
    }
  }

  var path: String { dump.file.path }

  /// Deletes the file, and then the record of it.
  func delete() throws { try dump.delete(in: directory) }

  var cells: [String] {
    [
      "safety dump", path, "\(ByteCount(dump.file.sizeBytes))", dump.retainUntil?.description ?? "-", dump.run,
      verdict.text,
    ]
  }

  var row: [String: JSONValue] {
    var row: [String: JSONValue] = [
      "kind": "safety-dump", "file": .string(path), "database": .string(dump.database), "run": .string(dump.run),
      "bytes": .integer(dump.file.sizeBytes), "verdict": .string(verdict.rawValue),
    ]
    if let until = dump.retainUntil { row["kept-until"] = .string(until.description) }
    return row
  }
}
