internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// What `recover inspect` and `recover db --list` say of a backup, and how they exit.
@Suite(.serialized)
struct InspectTests {
  private func rows(_ result: TestProcess.Result, _ kind: String) throws -> [JSONValue] {
    try result.outputText.split(separator: "\n")
      .map { try JSONValue.decode(JSONValue.self, from: Array($0.utf8)) }
      .filter { $0["kind"]?.string == kind }
  }

  @Test("a whole dump is told apart from a cut one, without a server and without a trace")
  func whole() throws {
    let (lab, dump) = try RecoverLab.withNotes(try ScratchPostgres.shared())
    let result = try lab.recover(["inspect", dump])
    #expect(result.status == 0, "\(result.errorText)")
    for text in ["yes: it ends as pg_dump ends a dump", "dumped from PostgreSQL 15", "public.note", "encoding    UTF8"]
    {
      #expect(result.outputText.contains(text), "\(text) in \(result.outputText)")
    }
    #expect(result.outputText.contains("no load of this size is in the history"), "\(result.outputText)")
    #expect(!lab.exists("state"))
    let text = String(decoding: try TestProcess.output(["cat", dump]), as: UTF8.self)
    let end = try #require(text.firstRange(of: "-- PostgreSQL database dump complete"))
    try lab.write(String(text[..<end.lowerBound]), to: "cut.sql")
    let cut = try lab.recover(["inspect", "cut.sql", "--database", "app", "--json"])
    #expect(cut.status == 5, "\(cut.outputText)")
    let backup = try #require(try rows(cut, "backup").first)
    #expect(backup["whole"]?.bool == false)
    #expect(backup["complaint"]?.string?.contains("it was cut off") == true)
    #expect(try rows(cut, "fit").isEmpty)
    #expect(try rows(cut, "summary").first?["exit"]?.integer == 5)
  }

  @Test("a server is asked what it lacks: nothing, a role and an extension, or it is not there")
  func fit() throws {
    let (lab, dump) = try RecoverLab.withNotes(try ScratchPostgres.shared())
    let fits = try lab.recover(["inspect", dump, "--database", "app"])
    #expect(fits.status == 0, "\(fits.outputText)\(fits.errorText)")
    #expect(fits.outputText.contains("has all that it needs for database \(lab.database)"), "\(fits.outputText)")
    let text = String(decoding: try TestProcess.output(["cat", dump]), as: UTF8.self)
    let needy = text.replacing(
      "SET statement_timeout = 0;",
      with: "SET statement_timeout = 0;\nCREATE EXTENSION no_such_extension;\nALTER SCHEMA s OWNER TO no_such_role;")
    try lab.write(needy, to: "needy.sql")
    let lacks = try lab.recover(["inspect", "needy.sql", "--database", lab.url, "--json"])
    #expect(lacks.status == 5, "\(lacks.outputText)")
    #expect(try rows(lacks, "missing").map { $0["what"]?.string } == ["role", "extension"], "\(lacks.outputText)")
    #expect(try rows(lacks, "backup").first?["whole"]?.bool == true)
    let nowhere = try lab.recover(["inspect", dump, "--database", "postgres://postgres@127.0.0.1:1/x"])
    #expect(nowhere.status == 1, "\(nowhere.errorText)")
    #expect(try lab.recover(["inspect", dump, "--segment", "x"]).status == 2)
    #expect(try lab.recover(["inspect", "nothing.sql"]).status == 1)
  }

  @Test("a dump in zstd is inspected, listed and restored; one that was cut is refused", arguments: ["zstd", "gzip"])
  func compressed(program: String) throws {
    let (lab, dump) = try RecoverLab.withNotes(try ScratchPostgres.shared())
    try TestProcess.output([program, "-q", "-k", dump])
    let packed = dump + (program == "zstd" ? ".zst" : ".gz")
    let inspected = try lab.recover(["inspect", packed, "--json"])
    #expect(inspected.status == 0, "\(inspected.outputText)")
    #expect(try rows(inspected, "backup").first?["form"]?.string == "SQL in \(program)")
    let restored = try lab.recover(["db", "--from", packed, "--yes"])
    #expect(restored.status == 0, "\(restored.errorText)")
    #expect(try lab.server.sql("SELECT count(*) FROM note", in: lab.database) != "0")
    // The history of this machine now has a load of this size.
    #expect(try lab.recover(["inspect", packed]).outputText.contains("from 1 load on this machine"))
    try TestProcess.output(["sh", "-c", "head -c -9 \"$0\" > \"$0.cut\"", packed])
    let cut = try lab.recover(["inspect", packed + ".cut"])
    #expect(cut.status == 5, "\(cut.outputText)")
    #expect(cut.errorText.contains("ends at compressed byte"), "\(cut.errorText)")
  }

  @Test("the list has every object with its rows, and asks no server")
  func list() throws {
    let (lab, dump) = try RecoverLab.withNotes(try ScratchPostgres.shared())
    let bytes = try TestProcess.output(["cat", dump])
    let json = try lab.recover(["db", "--from", "-", "--list", "--json"], input: .bytes(Array(bytes)))
    #expect(json.status == 0, "\(json.errorText)")
    #expect(!lab.exists("state"))
    let objects = try rows(json, "object").map { "\($0["type"]?.string ?? "") \($0["name"]?.string ?? "")" }
    #expect(objects.contains("table public.note"), "\(objects)")
    #expect(objects.contains { $0.hasPrefix("primary-key public.note_pkey on public.note") }, "\(objects)")
    let table = try #require(try rows(json, "table").first { $0["name"]?.string == "public.note" })
    #expect(table["rows"]?.integer == 2000)
    let text = try lab.recover(["db", "--from", dump, "--list", "--database", "postgres://postgres@127.0.0.1:1/x"])
    #expect(text.status == 2, "a list asks no server")
    let lines = try lab.recover(["db", "--from", dump, "--list"]).outputText.split(separator: "\n").map(String.init)
    #expect(lines.contains { $0.hasPrefix("table ") && $0.contains("public.note") && $0.contains(" 2000 ") })
  }

  @Test("a backup of our own is compared with its manifest: a file that was changed is named")
  func manifest() throws {
    let (lab, _) = try RecoverLab.withNotes(try ScratchPostgres.shared())
    let made = try lab.recover(["backup", "db", "app", "--repository", "\(lab.directory)/backups"])
    #expect(made.status == 0, "\(made.errorText)")
    let found = try TestProcess.output(["find", "\(lab.directory)/backups", "-name", "manifest.json"])
    let directory = try #require(
      String(decoding: found, as: UTF8.self).firstRange(of: "/manifest.json").map { range in
        String(String(decoding: found, as: UTF8.self)[..<range.lowerBound])
      })
    let whole = try lab.recover(["inspect", directory])
    #expect(whole.status == 0, "\(whole.errorText)")
    #expect(whole.outputText.contains("every file is what its manifest says"), "\(whole.outputText)")
    try TestProcess.output(["sh", "-c", "for file in \"$0\"/*.sql.gz; do printf x >> \"$file\"; done", directory])
    let changed = try lab.recover(["inspect", directory])
    #expect(changed.status == 5, "\(changed.outputText)")
    #expect(changed.errorText.contains(".sql.gz"), "\(changed.errorText)")
  }
}
