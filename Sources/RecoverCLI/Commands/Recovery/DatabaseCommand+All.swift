internal import RecoverBase
internal import RecoverCore
internal import RecoverSteps

/// What `recover db` does with a dump of several databases.
extension DatabaseCommand {
  /// `--list-databases`.
  func list(_ backup: BackupReference) async throws -> ExitStatus {
    let databases = try await DumpContents.read(backup).databases
    var table = TextTable(headings: ["DATABASE", "TABLES", "ROWS", "OBJECTS", "SQL"])
    for database in databases {
      table.add([
        database.name ?? "(not named)", "\(database.tables)", "\(database.rows)", "\(database.objects)",
        "\(ByteCount(database.bytes))",
      ])
    }
    return try Answer(
      text: databases.isEmpty ? "it holds no database" : table.text,
      rows: databases.map { database in
        [
          "kind": "database", "name": database.name.map { .string($0) } ?? .null,
          "tables": .integer(Int64(database.tables)), "rows": .integer(database.rows),
          "objects": .integer(Int64(database.objects)), "bytes": .integer(database.bytes),
        ]
      }
    ).write(global)
  }

  /// `--all-databases`: one run for each, in the dump's order; the first that does not succeed is the last.
  func recoverAll(
    _ backup: BackupReference, at address: DatabaseAddress, _ policy: Policy,
    _ recoverOne: (DatabaseAddress, String, String?) async throws -> ExitStatus
  ) async throws -> ExitStatus {
    var sequence = try DatabaseSequence(
      try await DumpContents.read(backup), maintenance: address.policy.maintenanceDatabase)
    try sequence.check(confirm: action.confirm, expectedPlan: action.expectPlan)
    for note in sequence.notes where !global.json { StandardOutput.write("note: \(TerminalText.safe(note))") }
    while let name = sequence.next() {
      if !global.json, !global.quiet { StandardOutput.write("\n\(sequence.heading)") }
      do {
        let one = try address.sibling(named: name, in: policy)
        let status = try await recoverOne(one, name, action.confirm == nil ? nil : name)
        guard status == .success else { return try end(sequence, status) }
      } catch {
        _ = try end(sequence, nil)
        throw error
      }
      sequence.succeeded()
    }
    return try end(sequence, .success)
  }

  /// Says what was done and what was not.
  ///
  /// - Parameter status: nil where an error follows, which ends the output itself.
  private func end(_ sequence: DatabaseSequence, _ status: ExitStatus?) throws -> ExitStatus {
    if global.json {
      StandardOutput.write(try JSONLines.line(.object(sequence.row(planOnly: action.planOnly))))
      guard let status else { return .failedClean }
      return try Answer(text: "", status: status).write(global)
    }
    StandardOutput.write("\n\(sequence.text(planOnly: action.planOnly))")
    return status ?? .failedClean
  }
}

/// How far the restore of several databases has come: pure.
struct DatabaseSequence: Hashable {
  private(set) var done: [String] = []
  private(set) var current: String?
  private(set) var left: [String]
  /// What is not restored, and why.
  private(set) var notes: [String] = []
  private let names: [String]

  /// - Throws: ``RecoverError`` `backupRefused` where there is nothing to restore.
  init(_ contents: DumpContents, maintenance: String?) throws {
    var names: [String] = []
    for database in contents.databases {
      guard let name = database.name else {
        throw RecoverError(
          .usage, "the backup is of one database and does not name it: --all-databases is for files of pg_dumpall",
          hint: "leave --all-databases out")
      }
      guard ["template0", "template1", maintenance ?? "postgres"].contains(name) else {
        names.append(name)
        continue
      }
      if !database.isEmpty {
        notes.append(
          "\(name) is left out: it is the server's own, and the backup holds \(database.tables) tables and"
            + " \(database.objects) objects of it")
      }
    }
    guard !names.isEmpty else {
      throw RecoverError(
        .backupRefused, "the backup holds no database but the server's own",
        hint: "recover db --list-databases shows it")
    }
    self.names = names
    left = names
  }

  /// Who confirms all of them names all of them; the hash of one plan can't be that of several.
  func check(confirm: String?, expectedPlan: String?) throws {
    guard expectedPlan == nil else {
      throw RecoverError(
        .usage, "--expect-plan is for one plan, and --all-databases makes \(names.count)",
        hint: "restore them one by one with --segment")
    }
    guard let confirm, confirm != names.joined(separator: ",") else { return }
    throw RecoverError(
      .notConfirmed, "--confirm \(confirm) does not name the databases that are replaced",
      hint: "confirm with --confirm \(names.joined(separator: ","))")
  }

  mutating func next() -> String? {
    guard !left.isEmpty else { return nil }
    current = left.removeFirst()
    return current
  }

  mutating func succeeded() {
    if let current { done.append(current) }
    current = nil
  }

  /// `database 2 of 3: shop`.
  var heading: String { "database \(done.count + 1) of \(names.count): \(TerminalText.safe(current ?? ""))" }

  /// `restored: a, b; failed: c; not begun: d`.
  func text(planOnly: Bool) -> String {
    let parts = [
      (planOnly ? "planned" : "restored", done), ("failed", current.map { [$0] } ?? []), ("not begun", left),
    ]
    let told = parts.filter { !$0.1.isEmpty }.map { "\($0): \($1.joined(separator: ", "))" }
    return TerminalText.safe((told.isEmpty ? ["nothing was done"] : told).joined(separator: "; "))
      + notes.map { "\nnote: \(TerminalText.safe($0))" }.joined()
  }

  func row(planOnly: Bool) -> [String: JSONValue] {
    var row: [String: JSONValue] = [
      "kind": "databases", planOnly ? "planned" : "restored": .array(done.map { .string($0) }),
      "notBegun": .array(left.map { .string($0) }), "notes": .array(notes.map { .string($0) }),
    ]
    if let current { row["failed"] = .string(current) }
    return row
  }
}
