internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// A backup that was changed is refused before anything stops, and what was changed is named.
@Suite(.serialized)
struct DamagedBackupTests {
  static let live = "CREATE TABLE note (id int PRIMARY KEY, text text); INSERT INTO note VALUES (1, 'live');"

  /// How a backup is damaged: a shell command in a copy of its directory, and what is said of it.
  struct Damage: Sendable, CustomTestStringConvertible {
    var name: String
    var command: String
    var says: [String]

    var testDescription: String { name }
  }

  /// `$1` and `$2` are the offsets of the third and the fourth member, `$3` is the end of the fourth.
  static let damages = [
    Damage(
      name: "a flipped bit", command: "flip app.sql.gz $(($1 + 5000))",
      says: ["app.sql.gz: member 3, bytes ", "chunk ", " of table public.big is not what was written"]),
    Damage(
      name: "a flipped bit of the schema", command: "flip app.sql.gz 50", says: ["app.sql.gz: member 1", "the schema"]),
    Damage(
      name: "a missing member",
      command: "{ head -c $1 app.sql.gz; tail -c +$(($2 + 1)) app.sql.gz; } > x; mv x app.sql.gz",
      says: ["app.sql.gz: member 3", "of table public.big is not what was written"]),
    Damage(
      name: "members that were swapped",
      command:
        "{ head -c $1 app.sql.gz; tail -c +$(($2 + 1)) app.sql.gz | head -c $(($3 - $2)); tail -c +$(($1 + 1)) app.sql.gz | head -c $(($2 - $1)); tail -c +$(($3 + 1)) app.sql.gz; } > x; mv x app.sql.gz",
      says: ["app.sql.gz: member 3"]),
    Damage(
      name: "a file that was cut off", command: "truncate -s $(($1 + 100)) app.sql.gz",
      says: ["app.sql.gz: it ends inside of member 3"]),
    Damage(
      name: "something at the end", command: "printf x >> app.sql.gz", says: ["app.sql.gz: something was added"]),
    Damage(name: "no dump", command: "rm app.sql.gz", says: ["its dump is not there"]),
    Damage(
      name: "an index that was changed", command: "flip app.sql.gz.index 20", says: ["app.sql.gz.index: its content"]),
    Damage(name: "no index", command: "rm app.sql.gz.index", says: ["app.sql.gz.index: it is not there"]),
    Damage(
      name: "an index that lies and a manifest that believes it",
      command: "sed -i '3s/\"rows\":/\"rows\":1/' app.sql.gz.index; believe",
      says: ["index app.sql.gz.index lies", "chunks of table public.big do not add up"]),
    Damage(
      name: "an index without a member, and a manifest that believes it",
      command: "sed -i 3d app.sql.gz.index; believe", says: ["index app.sql.gz.index lies: member 3 does not begin"]),
    Damage(
      name: "a manifest that is cut off", command: "truncate -s 200 manifest.json",
      says: ["manifest.json is no manifest"]),
    Damage(
      name: "a manifest of a newer version", command: "sed -i 's/\"version\":1}/\"version\":2}/' manifest.json",
      says: ["manifest.json is of version 2"]),
  ]

  private static let functions = """
    set -e
    flip() { b=$(od -An -tu1 -j $2 -N1 $1); printf \\\\$(printf %o $((b ^ 4))) | dd of=$1 bs=1 seek=$2 conv=notrunc status=none; }
    believe() {
      s=$(sha256sum app.sql.gz.index | cut -d' ' -f1); n=$(stat -c %s app.sql.gz.index)
      sed -i "s/\\"bytes\\":[0-9]*,\\"name\\":\\"app.sql.gz.index\\",\\"sha256\\":\\"[0-9a-f]*\\"/\\"bytes\\":$n,\\"name\\":\\"app.sql.gz.index\\",\\"sha256\\":\\"$s\\"/" manifest.json
    }

    """

  private func makeLab(_ server: ScratchPostgres) throws -> (RecoverLab, backup: String) {
    let lab = try RecoverLab(server: server, sql: Self.live)
    let backup = try server.withDatabase("source") { source in
      try server.sql(
        """
        CREATE TABLE big AS SELECT i, repeat(md5(i::text), 8) AS t FROM generate_series(1, 100000) AS i;
        CREATE TABLE small AS SELECT 1 AS i;
        """, in: source)
      try lab.changePolicy("  app:\n    url: \(lab.url)", to: "  app:\n    url: \(server.url(source))")
      defer { try? lab.changePolicy("  app:\n    url: \(server.url(source))", to: "  app:\n    url: \(lab.url)") }
      let result = try lab.recover(["backup", "db", "app", "--repository", lab.repository, "--jobs", "1"])
      try #require(result.status == 0, "\(result.errorText)")
      return "\(lab.repository)/db/app/" + (try #require(try lab.files("\(lab.repository)/db/app").first))
    }
    return (lab, backup)
  }

  @Test("what was changed is refused with exit status 5 and named, and nothing is touched")
  func damage() throws {
    let (lab, backup) = try makeLab(try ScratchPostgres.shared())
    let untouched = try Untouched(lab)
    let lines = String(decoding: try TestProcess.output(["cat", "\(backup)/app.sql.gz.index"]), as: UTF8.self)
      .split(separator: "\n").map { Array($0.utf8) }
    let offsets = try lines.map { try JSONValue.decode(JSONValue.self, from: $0)["offset"]?.integer ?? 0 }
    try #require(offsets.count > 5)
    for damage in Self.damages {
      let copy = "\(lab.directory)/copy"
      try TestProcess.output(["sh", "-c", "rm -rf \"$1\"; cp -r \"$0\" \"$1\"", backup, copy])
      try TestProcess.output(
        ["sh", "-c", Self.functions + damage.command, "sh"] + offsets[2...4].map(String.init), directory: copy)
      for from in [copy, "\(copy)/app.sql.gz"] where from == copy || lab.exists("copy/app.sql.gz") {
        let result = try lab.recover(["db", "--yes", "--from", from])
        try untouched.expectRefusal(result, status: 5)
        for text in damage.says { #expect(result.errorText.contains(text), "\(damage.name): \(result.errorText)") }
      }
      let check = try lab.recover(["backup", "show", copy, "--check"])
      #expect(check.status == 5, "\(damage.name): \(check.outputText)")
    }
    try expectProof(lab, backup, untouched)
    let whole = try lab.recover(["db", "--yes", "--from", "\(backup)/app.sql.gz"])
    #expect(whole.status == 0, "\(whole.errorText)")
  }

  /// Sums that all files agree on, and that the rows do not have: only reading the restored tables can tell.
  private func expectProof(_ lab: RecoverLab, _ backup: String, _ untouched: Untouched) throws {
    let copy = "\(lab.directory)/copy"
    try TestProcess.output(["sh", "-c", "rm -rf \"$1\"; cp -r \"$0\" \"$1\"", backup, copy])
    let change = """
      s=$(grep -o '"rows":1,"sum":"[0-9a-f]*"' manifest.json | cut -d'"' -f6)
      sed -i "s/$s/$(printf %s $s | tr 0-9a-f 1-9a-f0)/" manifest.json app.sql.gz.index; believe

      """
    try TestProcess.output(["sh", "-c", Self.functions + change, "sh"], directory: copy)
    let check = try lab.recover(["backup", "show", copy, "--check"])
    #expect(check.status == 0, "\(check.errorText)")
    let result = try lab.recover(["db", "--yes", "--from", copy])
    #expect(result.status == 3, "\(result.errorText)")
    let text = "does not hold what was backed up: table public.small has as many rows with other content"
    #expect(result.errorText.contains(text), "\(result.errorText)")
    #expect(try lab.files(copy).contains("verified.json") == false)
    try untouched.expect()
  }

  @Test("a signature is checked by recover and by openssl; another key, another manifest or none is refused")
  func signature() throws {
    let server = try ScratchPostgres.shared()
    let lab = try RecoverLab(server: server, sql: Self.live)
    for name in ["ours", "theirs"] {
      try TestProcess.output(
        [
          "sh", "-c", "umask 077; openssl genpkey -algorithm ed25519 -out $0; openssl pkey -in $0 -pubout -out $0.pub",
          name,
        ],
        directory: lab.directory)
    }
    try TestProcess.output(["chmod", "644", "\(lab.directory)/theirs"])
    let refused = try lab.backup(lab.database, ["--sign-key", "theirs"])
    #expect(refused.status == 1 && refused.errorText.contains("chmod 600"), "\(refused.errorText)")
    let unsigned = try lab.makeBackup(lab.database)
    let backup = try lab.makeBackup(lab.database, ["--sign-key", "ours"])
    try TestProcess.output(
      [
        "openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "\(lab.directory)/ours.pub", "-in",
        "\(backup)/manifest.json", "-sigfile", "\(backup)/manifest.json.sig",
      ])
    let untouched = try Untouched(lab)
    func recover(_ from: String, key: String) throws -> TestProcess.Result {
      try lab.recover(["db", "--yes", "--from", from, "--public-key", key])
    }
    try untouched.expectRefusal(try recover(backup, key: "theirs.pub"), status: 5, saying: "not of this key")
    try untouched.expectRefusal(try recover(unsigned, key: "ours.pub"), status: 5, saying: "is not signed")
    try untouched.expectRefusal(
      try recover(try lab.dump(lab.database, to: "plain.sql"), key: "ours.pub"), status: 5, saying: "no manifest")
    // The policy wants it as well, unless somebody says otherwise.
    try lab.changePolicy("services: [app]", to: "public-key: \(lab.directory)/ours.pub\n    services: [app]")
    try untouched.expectRefusal(
      try lab.recover(["db", "--yes", "--from", unsigned]), status: 5, saying: "is not signed")
    let taken = try recover(unsigned, key: "none")
    #expect(taken.status == 0, "\(taken.errorText)")
    let good = try lab.recover(["db", "--yes", "--from", backup])
    #expect(good.status == 0 && !good.errorText.contains("signed"), "\(good.errorText)")
    try TestProcess.output(["sed", "-i", "s/\"rows\":1/\"rows\":2/", "\(backup)/manifest.json"])
    let changed = try recover(backup, key: "ours.pub")
    #expect(changed.status == 5 && changed.errorText.contains("the manifest was changed"), "\(changed.errorText)")
  }
}
