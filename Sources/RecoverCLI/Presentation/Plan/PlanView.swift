internal import RecoverBase
internal import RecoverCore
internal import RecoverSteps

/// A plan as a person reads it before saying yes: pure.
///
/// `PlanSteps` has the table of its steps.
enum PlanView {
  /// - Parameters:
  ///   - now: what ages are told from.
  ///   - safetySpace: what is free where a safety dump goes; nil where that is not known.
  ///   - isColored: whether a terminal shows what destroys in red.
  static func text(
    _ plan: Plan, hash: Digest, now: WallTime, safetySpace: ByteCount? = nil, isColored: Bool = false
  ) -> String {
    var lines = ["\(plan.procedure): \(plan.target.kind.rawValue) \(plan.target.name) (\(plan.environment.rawValue))"]
    if let bindings = try? plan.bindings.decoded(as: DatabaseBindings.self) {
      lines += facts(bindings, now: now).map(line)
      lines += warning(bindings, safetySpace).map { isColored && !$0.isEmpty ? "\u{1B}[1;31m\($0)\u{1B}[0m" : $0 }
    } else if let bindings = try? plan.bindings.decoded(as: ReleaseBindings.self) {
      lines += ReleasePlanView(bindings: bindings, purpose: plan.procedure).facts.map(line)
    }
    if let bindings = try? plan.bindings.decoded(as: FilesBindings.self) {
      lines += FilesPlanView.facts(bindings, now: now).map(line)
    }
    lines += ["", PlanSteps.table(plan), "", "plan \(hash)"]
    return lines.joined(separator: "\n")
  }

  private static func line(_ fact: (String, String)) -> String {
    "  \(TerminalText.padded(fact.0, columns: 9)) \(TerminalText.safe(oneLine(fact.1)))"
  }

  /// What the plan is about, each with a heading; a heading is empty where the one above goes on.
  private static func facts(_ bindings: DatabaseBindings, now: WallTime) -> [(String, String)] {
    var facts = [source(bindings, now: now)]
    if let key = bindings.publicKey { facts.append(("signed", "the backup must be signed with the key of \(key)")) }
    if let selection = bindings.selectionText { facts.append(("only", selection)) }
    facts += [("server", bindings.serverText), (bindings.likeDatabase == nil ? "live" : "new", live(bindings))]
    facts += surroundings(bindings.services, bindings.health)
    if bindings.undoes == nil {
      if let load = bindings.loadText { facts.append(("load", load)) }
      facts += listed("proof", bindings.assertions) { "\($0.name): \($0.sql)" }
      facts += listed("hooks", bindings.hooks, text)
    }
    if let rows = bindings.exchange?.rows {
      facts += Self.rows(rows, bindings)
    } else if bindings.exchange != nil {
      facts.append(
        (
          "after",
          "the replaced tables are kept for \(bindings.keepPrevious.text) in a schema of their own; recover undo "
            + "exchanges them back"
        ))
    } else if bindings.inPlace != nil {
      facts.append(("after", "the safety dump is kept for \(bindings.keepPrevious.text)"))
    } else if bindings.liveOID != nil {
      facts.append(
        ("after", "the previous database is kept for \(bindings.keepPrevious.text); recover undo swaps it back"))
    }
    return facts
  }

  /// What becomes of rows that are added, or were.
  private static func rows(_ rows: RowsBindings, _ bindings: DatabaseBindings) -> [(String, String)] {
    guard rows.undone == nil else {
      return [("after", "rows that were changed since, or that others refer to, stay, and are named")]
    }
    let key = rows.key.map { "unique key \($0)" } ?? "its primary key, or its only unique key"
    var facts = [("rows", "those that the live table lacks, by \(key); what it has is never changed")]
    if let triggers = rows.triggersText { facts.append(("triggers", triggers)) }
    return facts + [
      (
        "after",
        "the keys of what was inserted are kept for \(bindings.keepPrevious.text); recover undo deletes those rows again"
      )
    ]
  }

  /// The services that stop meanwhile, and what says that they work again.
  static func surroundings(_ services: [NamedService], _ health: [NamedHealth]) -> [(String, String)] {
    listed("services", services, text) + listed("health", health) { "\($0.name): \(text($0.policy))" }
  }

  static func listed<Item>(
    _ heading: String, _ items: [Item], _ text: (Item) -> String
  ) -> [(String, String)] {
    items.enumerated().map { ($0 == 0 ? heading : "", text($1)) }
  }

  /// Where the content comes from: an undo reads no backup.
  private static func source(_ bindings: DatabaseBindings, now: WallTime) -> (String, String) {
    if let run = bindings.undoes {
      let tables = bindings.exchange?.text ?? ""
      if bindings.exchange?.rows != nil { return ("undoes", "run \(run): the rows that it added to \(tables)") }
      return (
        "undoes",
        tables.isEmpty
          ? "run \(run): the database from before it is swapped in"
          : "run \(run): the tables from before it are exchanged back: \(tables)"
      )
    }
    return ("backup", source(bindings.backup, now: now))
  }

  /// A backup, and how old it is.
  static func source(_ backup: BackupReference, now: WallTime) -> String {
    if backup.sha256 != nil {
      let origin = backup.parts.map { $0.joined(separator: " + ") } ?? "standard input"
      return "\(origin), \(ByteCount(backup.sizeBytes)), kept as \(backup.path) until the run ends"
    }
    let modified = WallTime(microseconds: backup.modifiedNanoseconds / 1000)
    let age = now - modified
    let told = age >= .zero ? "\(AgeText.text(age)) ago" : "in the future"
    return "\(backup.path), \(ByteCount(backup.sizeBytes)), written \(modified), \(told)"
  }

  private static func live(_ bindings: DatabaseBindings) -> String {
    guard let oid = bindings.liveOID else { return "there is no \(bindings.name) yet: it is created" }
    if let exchange = bindings.exchange {
      if exchange.rows != nil {
        let table = bindings.undoes == nil ? "; \(exchange.text)" : ""
        return "\(bindings.name), OID \(oid); serves all the while\(table)"
      }
      let tables = bindings.undoes == nil ? "; only \(exchange.text)" : ""
      return "\(bindings.name), OID \(oid); serves all the while, the tables are locked for the exchange alone\(tables)"
    }
    let meanwhile =
      bindings.undoes != nil
      ? "closed for the swap" : bindings.inPlace != nil ? "dumped, DROPPED, and made anew" : serving(bindings.serve)
    return "\(bindings.name), OID \(oid); \(meanwhile)"
  }

  /// What differs in place: the one thing that nobody may read over.
  private static func warning(_ bindings: DatabaseBindings, _ space: ByteCount?) -> [String] {
    guard let path = bindings.safetyDumpPath(run: nil) else { return [] }
    let free = space.map { "; \($0) free there" } ?? ""
    return [
      "",
      "  WARNING   the live database is dropped before the replacement is proved;",
      "            the way back is the safety dump at \(path)\(free)",
    ]
  }

  private static func serving(_ mode: ServeMode) -> String {
    switch mode {
    case .none: "closed while its replacement is loaded (--serve none)"
    case .readOnly: "answers reads while its replacement is loaded, closed for the swap (--serve read-only)"
    case .all: "serves until the swap; what is written meanwhile stays in the previous copy (--serve all)"
    }
  }

  static func text(_ service: NamedService) -> String {
    "\(service.name): stopped by `\(CommandText.stop(of: service.policy))`,"
      + " started by `\(CommandText.start(of: service.policy))`"
  }

  static func text(_ check: HealthPolicy) -> String {
    let look =
      switch check.probe {
      case .http(let probe): "\(probe.method.rawValue) \(probe.url)"
      case .tcp(let probe): "connects to \(probe.host):\(probe.port)"
      case .postgres(let probe): "database \(probe.database) answers `\(probe.sql)`"
      case .redis(let probe): "PING of the Redis at \(probe.host):\(probe.port)"
      case .tls(let probe): "the certificates of \(probe.name ?? probe.host):\(probe.port)"
      case .disk(let probe): "the room on the file system of \(probe.path)"
      case .memory: "this host's memory"
      case .metric(let probe): text(probe)
      case .command(let probe): "`\(CommandText.of(probe.run))`"
      case .group(let group): text(group)
      }
    let times = check.passes == 1 ? "" : " \(check.passes) times in a row"
    return "\(look) must pass\(times) within \(check.within.text)"
  }

  private static func text(_ probe: HealthProbe.Metric) -> String {
    let share = probe.per.map { " as a share of \($0.name)" } ?? ""
    let rise = probe.rate.map { " a second over \($0.text)" } ?? ""
    return "metric \(probe.name)\(share) of \(probe.url) \(probe.threshold)\(rise)"
  }

  private static func text(_ group: HealthProbe.Group) -> String {
    let names = group.members.map { $0.weight == 1 ? $0.check : "\($0.check) (\($0.weight))" }.joined(separator: ", ")
    return switch group.rule {
    case .all: "all of \(names)"
    case .any: "one of \(names)"
    case .atLeast(let least): "weights of at least \(least) among \(names)"
    }
  }

  private static func text(_ hook: HookPolicy) -> String {
    switch hook.action {
    case .sql(let sql): "\(hook.name): SQL `\(sql)`"
    case .shell(let shell):
      "\(hook.name): `\(CommandText.of(shell.run))`"
        + (shell.undo.map { ", undone by `\(CommandText.of($0))`" } ?? "; has no undo: what it did stands")
    }
  }

  /// Statements of several lines on one.
  static func oneLine(_ text: String) -> String {
    text.split { $0.isWhitespace }.joined(separator: " ")
  }
}

/// How long ago something was, in the two largest units: pure.
enum AgeText {
  /// `3d4h`, `5m12s`, `0s`.
  static func text(_ age: Duration) -> String {
    let seconds = max(0, age.nanoseconds / 1_000_000_000)
    let unit: Int64 = seconds >= 86_400 ? 3600 : seconds >= 3600 ? 60 : 1
    return Duration.seconds(seconds / unit * unit).text
  }
}
