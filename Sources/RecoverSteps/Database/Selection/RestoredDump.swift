internal import PostgresKit
internal import RecoverBase
internal import RecoverEngine

/// What is restored of a backup: all of it, or what was selected.
struct RestoredDump: Sendable {
  /// Of the whole backup.
  var whole: DumpSurvey
  /// Of the whole backup.
  var file: DumpIndexFile
  /// What was read of it.
  var backup: BackupFile
  /// Of a backup of ours of which not everything was read; ``whole`` and ``file`` are of what was read then.
  var excerpt: ExcerptReport?
  var part: Part?

  struct Part: Sendable {
    var selected: SelectedDump
    var dump: DumpPart
  }

  /// Of what is restored.
  var survey: DumpSurvey { part?.dump.survey ?? whole }
  /// Of what is restored.
  var index: DumpIndex { part?.dump.index ?? file.index }

  /// Reads the backup once, on a thread of its own; of a backup of ours only what is needed.
  ///
  /// - Parameter directory: where to keep what later steps need: the index, and which of its entries are restored.
  /// - Throws: what ``DumpIndexFile/make(_:of:in:interruption:recorderIntervalBytes:progress:)`` and
  ///   ``DumpSelection/select(in:database:named:read:)`` throw.
  static func read(
    _ bindings: DatabaseBindings, reporter: (any StepReporter)? = nil, keepingIn directory: String? = nil
  ) async throws -> RestoredDump {
    try await BlockingThread.run("recover-survey") { interruption in
      let backup = bindings.backup
      var file = try BackupFile(path: backup.path)
      let found = try ExcerptFinder.find(bindings, in: file, interruption) { bytes in
        reporter?.progress(
          Progress(doneBytes: bytes, totalBytes: backup.sizeBytes, detail: "comparing with the manifest"))
      }
      file.excerpt = found?.excerpt
      if let directory, let found { try ExcerptFile.keep(found.excerpt, in: directory) }
      // How much SQL an archive holds is known when it was read.
      let total = file.archive == nil ? backup.sizeBytes : nil
      let (survey, index) = try DumpIndexFile.make(
        backup, of: file, in: directory, interruption: interruption
      ) { bytes in
        reporter?.progress(Progress(doneBytes: bytes, totalBytes: total))
      }
      try found?.check(index.index)
      var dump = RestoredDump(whole: survey, file: index, backup: file, excerpt: found?.report)
      guard let selection = bindings.selection else { return dump }
      let choice = try DumpChoice(survey, bindings: bindings)
      let part = try Part(
        selection, of: survey, index, database: choice.database, in: file, interruption)
      if let directory { try SelectionFile(part).keep(in: directory) }
      dump.part = part
      return dump
    }
  }
}

extension RestoredDump.Part {
  /// - Parameters:
  ///   - survey: of the whole backup.
  ///   - index: of the whole backup.
  init(
    _ selection: DumpSelection, of survey: DumpSurvey, _ index: DumpIndexFile, database: String?, in file: BackupFile,
    _ interruption: Interruption?
  ) throws {
    let texts = StatementTexts(file, access: index.access, interruption)
    selected = try selection.select(in: index.index, database: database, named: file.path, read: texts.read)
    dump = try selected.part(of: index.index, survey: survey, read: texts.read)
  }
}

/// Which entries of a backup's index a run restores, kept beside its state: a resumed run need not decide again.
struct SelectionFile: Sendable, Codable {
  /// Of the part.
  var digest: Digest
  /// First and last but one of the entries that follow one another.
  private var entries: [[Int]]
  var relations: [SelectedDump.Relation]

  private static func path(in directory: String) -> String { "\(directory)/selection.json" }

  init(_ part: RestoredDump.Part) {
    digest = part.dump.index.digest
    relations = part.selected.relations
    entries = []
    for number in part.selected.entries {
      if entries.last?[1] == number {
        entries[entries.count - 1][1] = number + 1
      } else {
        entries.append([number, number + 1])
      }
    }
  }

  func keep(in directory: String) throws {
    try RunDirectory.write(try JSONValue.canonicalBytes(of: self), to: Self.path(in: directory))
  }

  /// What was kept of a run's selection; nil where nothing is there that fits.
  static func load(_ digest: Digest, from directory: String) -> SelectionFile? {
    guard let bytes = try? RunDirectory.read(path(in: directory)),
      let file = try? JSONValue.decode(SelectionFile.self, from: bytes), file.digest == digest
    else { return nil }
    return file
  }

  /// The entries, where the index has all of them.
  func selected(in index: DumpIndex) -> SelectedDump? {
    guard entries.allSatisfy({ $0.count == 2 && 0 <= $0[0] && $0[0] < $0[1] && $0[1] <= index.entries.count }) else {
      return nil
    }
    var selected = SelectedDump()
    selected.entries = entries.flatMap { Array($0[0]..<$0[1]) }
    selected.relations = relations
    return selected
  }
}

extension SelectionFile {
  /// The selection of a run as it was inspected; decided again where the file is gone.
  ///
  /// - Parameters:
  ///   - report: of the inspection.
  ///   - index: of the whole backup.
  /// - Throws: ``RecoverError`` `drifted` where the same selection now gives something else.
  static func selected(
    _ bindings: DatabaseBindings, _ report: InspectReport, in index: DumpIndexFile, of file: BackupFile,
    keptIn directory: String, _ interruption: Interruption?
  ) throws -> (selected: SelectedDump, index: DumpIndex)? {
    guard let selection = bindings.selection else { return nil }
    if let kept = load(report.sha256, from: directory)?.selected(in: index.index) {
      let part = kept.index(from: index.index)
      if part.digest == report.sha256 { return (kept, part) }
    }
    let texts = StatementTexts(file, access: index.access, interruption)
    let selected = try selection.select(
      in: index.index, database: report.segment, named: file.path, read: texts.read)
    let part = selected.index(from: index.index)
    guard part.digest == report.sha256 else {
      throw RecoverError(
        .drifted, "\(selection.text) selects something else of \(file.path) than when it was inspected",
        hint: "was recover upgraded meanwhile? cancel the run, and plan again")
    }
    return (selected, part)
  }
}
