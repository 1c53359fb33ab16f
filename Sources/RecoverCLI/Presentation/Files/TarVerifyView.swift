internal import ArchiveKit
internal import RecoverBase

/// What reading a whole archive showed, for people and as lines of JSON.
struct TarVerifyView {
  let file: TarFile
  let survey: TarSurvey
  /// What the archive was compared with; nil where there was nothing.
  var check: (any ArchiveCheck)?

  /// Verifies an archive; in JSON each file is a line with its SHA-256, printed as it is read.
  ///
  /// - Throws: what is wrong with it.
  static func run(
    _ choice: ChosenArchive, _ budget: TarBudget, isJSON: Bool, isQuiet: Bool
  ) async throws -> ExitStatus {
    try await BlockingThread.run("recover-tar") { interruption in
      let (file, check) = (choice.file, try choice.makeCheck(interruption))
      var output = LineBuffer()
      let survey: TarSurvey
      do {
        survey = try TarSurvey(
          file, budget: budget, interruption,
          visit: { member, digest in
            try check?.take(member, digest)
            guard isJSON, !isQuiet else { return }
            var row = TarListView.row(of: member)
            // Of what is stored: the holes of a sparse file are not part of it.
            if let digest { row[member.sparse == nil ? "sha256" : "data-sha256"] = .string(digest.hex) }
            output.add(try JSONLines.line(.object(row)))
          })
        try check?.finish(survey)
      } catch {
        output.flush()
        throw error
      }
      let view = TarVerifyView(file: file, survey: survey, check: check)
      if isJSON {
        output.add(try JSONLines.line(.object(view.row)))
        output.add(try JSONLines.line(["kind": "summary", "state": "done", "exit": 0]))
      } else {
        output.add(view.text)
      }
      output.flush()
      return .success
    }
  }

  // MARK: People

  var text: String {
    var facts = [
      ("archive", "\(file.path): \(file.form), \(ByteCount(survey.fileBytes)) on disk"),
      ("content", "\(ByteCount(survey.contentBytes)) in \(counts)"),
      ("whole", "yes: every checksum holds, and it ends as an archive ends"),
      ("sha256", "\(survey.sha256) of the file"),
    ]
    if let check { facts.append(("backup", "\(check.expectation): every file is what its manifest says")) }
    facts += notes.map { ("note", $0) }
    return facts.map { "\(TerminalText.padded($0.0, columns: 11)) \(TerminalText.safe($0.1))" }.joined(separator: "\n")
  }

  private var counts: String {
    let counts: [(Int64, String, String)] = [
      (survey.files, "file", "files"), (survey.directories, "directory", "directories"),
      (survey.symbolicLinks, "symbolic link", "symbolic links"), (survey.hardLinks, "hard link", "hard links"),
      (survey.devices, "device", "devices"), (survey.fifos, "fifo", "fifos"),
    ]
    let texts = counts.filter { $0.0 > 0 }.map { "\($0.0) \($0.0 == 1 ? $0.1 : $0.2)" }
    return texts.isEmpty ? "no members" : texts.joined(separator: ", ")
  }

  private var notes: [String] {
    var notes: [String] = []
    if survey.memberCount == 0 { notes.append("the archive is empty") }
    if survey.ending == .oneBlock {
      notes.append("it ends in one block of zeros instead of two: every member is whole, but what wrote it is careless")
    }
    if survey.sparseFiles > 0 { notes.append("\(survey.sparseFiles) sparse: \(ByteCount(survey.dataBytes)) of data") }
    if survey.privileged > 0 { notes.append("\(survey.privileged) with setuid or setgid") }
    if survey.withAttributes > 0 { notes.append("\(survey.withAttributes) with extended attributes") }
    if survey.withAccessLists > 0 { notes.append("\(survey.withAccessLists) with access control lists") }
    if !survey.ignoredKeywords.isEmpty {
      notes.append("of no meaning here: \(survey.ignoredKeywords.sorted().joined(separator: ", "))")
    }
    return notes
  }

  // MARK: JSON

  var row: [String: JSONValue] {
    var row = archiveRow
    if let check {
      row["backup"] = .string(check.expectation)
      row["manifest-sha256"] = .string(check.digest.hex)
    }
    return row
  }

  private var archiveRow: [String: JSONValue] {
    [
      "kind": "archive", "path": .string(file.path), "form": .string(file.form), "whole": true,
      "sha256": .string(survey.sha256.hex), "file-bytes": .integer(survey.fileBytes),
      "tar-bytes": .integer(survey.archiveBytes), "content-bytes": .integer(survey.contentBytes),
      "data-bytes": .integer(survey.dataBytes), "files": .integer(survey.files),
      "directories": .integer(survey.directories), "symbolic-links": .integer(survey.symbolicLinks),
      "hard-links": .integer(survey.hardLinks), "devices": .integer(survey.devices), "fifos": .integer(survey.fifos),
      "ending": .string(survey.ending == .complete ? "complete" : "one-block"),
      "notes": .array(notes.map { .string($0) }),
    ]
  }
}

/// An archive that somebody named, and what it has to be where that is known.
struct ChosenArchive: Sendable {
  let file: TarFile
  /// Throws where the archive's digest is not the one that its manifest has.
  let accept: @Sendable (Digest) throws -> Void
  /// Makes what it is compared with, nil for an archive of anybody's.
  let makeCheck: @Sendable (Interruption) throws -> (any ArchiveCheck)?

  var path: String { file.path }
}
