internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

/// `recover db --table ... --into NAME`: a part of a backup in a database of its own.
@Suite(.serialized)
struct PartialRestoreTests {
  private static let shop = """
    CREATE SCHEMA sales;
    CREATE TABLE customers (id serial PRIMARY KEY, name text);
    CREATE TABLE orders (id serial PRIMARY KEY, customer int REFERENCES customers, note text);
    CREATE TABLE audit (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, what text);
    CREATE TABLE sales.regions (id int PRIMARY KEY, name text);
    CREATE INDEX ON orders (customer);
    CREATE VIEW big AS SELECT * FROM orders;
    CREATE POLICY mine ON orders USING (id IN (SELECT id FROM audit));
    COMMENT ON TABLE orders IS 'the orders';
    INSERT INTO customers (name) SELECT 'c' || i FROM generate_series(1, 1000) i;
    INSERT INTO orders (customer, note) SELECT 1 + i % 1000, repeat(md5(i::text), 5) FROM generate_series(1, 5000) i;
    INSERT INTO audit (what) SELECT repeat(md5(i::text), 9) FROM generate_series(1, ROWS) i;
    INSERT INTO sales.regions VALUES (1, 'x');
    """

  /// A shop on the shared server, and a lab beside it.
  private func scene(auditRows: Int = 3000) throws -> (RecoverLab, shop: String) {
    let server = try ScratchPostgres.shared()
    let lab = try RecoverLab(server: server, sql: DumpEqualityTests.live)
    let shop = "\(lab.database)_shop"
    try server.sql("CREATE DATABASE \(shop)")
    try server.sql(Self.shop.replacing("ROWS", with: "\(auditRows)"), in: shop)
    return (lab, shop)
  }

  private func dump(_ lab: RecoverLab, _ shop: String, _ form: String) throws -> String {
    let path = "\(lab.directory)/backup"
    let program = [ScratchPostgres.programs + "pg_dump"] + lab.server.connectionArguments(shop)
    switch form {
    case "ours": return try lab.makeBackup(shop)
    case "gzip", "zstd":
      try lab.dump(shop, to: "backup")
      try TestProcess.output(["sh", "-c", "\(form) -q < '\(path)' > '\(path).new' && mv '\(path).new' '\(path)'"])
    default: try TestProcess.output(program + [form, "--file=\(path)"])
    }
    return path
  }

  /// Whether a database holds of these tables what the shop does.
  private func expectSame(
    _ lab: RecoverLab, _ database: String, as shop: String, _ tables: [String],
    _ place: SourceLocation = #_sourceLocation
  ) throws {
    let options = tables.flatMap { ["-t", $0] }
    let (ours, theirs) = (
      try lab.content(of: database, options: options), try lab.content(of: shop, options: options)
    )
    // What is not there has its say in the order of pg_dump's statements.
    let first = zip(ours.sorted(), theirs.sorted()).first { $0 != $1 }
    #expect(first == nil && ours.count == theirs.count, "\(String(describing: first))", sourceLocation: place)
  }

  @Test(
    "tables of every form of a backup become a new database, as pg_dump -t has them; nothing live is touched",
    arguments: ["-Fp", "gzip", "zstd", "-Fc"])
  func forms(form: String) throws {
    let (lab, shop) = try scene()
    let backup = try dump(lab, shop, form)
    let oid = try lab.oid(of: lab.database)
    let (name, jobs) = ("\(lab.database)_part", form == "-Fp" ? "1" : "2")
    let result = try lab.recover([
      "db", "--yes", "--from", backup, "--table", "customers", "--table", "public.ord*", "--table", "audit", "--into",
      name, "--jobs", jobs,
    ])
    #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
    try expectSame(lab, name, as: shop, ["customers", "orders", "audit", "*_id_seq"])
    #expect(try lab.server.sql("SELECT to_regclass('sales.regions') IS NULL", in: name) == "t")
    #expect(try lab.oid(of: lab.database) == oid)
    #expect(!result.outputText.contains("stop: begins"), "\(result.outputText)")
    let again = try lab.recover(["db", "--yes", "--from", backup, "--into", name])
    #expect(again.status == 2 && again.errorText.contains("exists already"), "\(again.errorText)")
  }

  @Test("the plan and the run say what of a table is left out, and why")
  func leftOut() throws {
    let (lab, shop) = try scene()
    let backup = try dump(lab, shop, "-Fp")
    let name = "\(lab.database)_part"
    let words = ["db", "--from", backup, "--table", "orders", "--into", name]
    let plan = try lab.recover(words + ["--plan"])
    #expect(plan.status == 0, "\(plan.errorText)")
    for text in [
      "foreign key orders_customer_fkey of public.orders: it needs public.customers",
      "policy mine of public.orders: it needs public.audit", "not selected: 3 tables, 1 view", "5000",
    ] { #expect(plan.outputText.contains(text), "\(text) is missing: \(plan.outputText)") }
    let result = try lab.recover(words + ["--yes"])
    #expect(result.status == 0, "\(result.errorText)")
    #expect(result.outputText.contains("left out: foreign key orders_customer_fkey"), "\(result.outputText)")
    #expect(
      try lab.server.sql("SELECT count(*), obj_description('orders'::regclass) FROM orders", in: name)
        == "5000|the orders")
    let list = try lab.recover(["db", "--from", backup, "--table", "orders", "--list"])
    #expect(list.status == 0 && list.outputText.contains("public.orders_pkey"), "\(list.errorText)")
    #expect(!list.outputText.contains("public.audit\n"))
    let mistake = try lab.recover(["db", "--from", backup, "--table", "oders", "--into", "other", "--yes"])
    #expect(mistake.status == 2 && mistake.errorText.contains("did you mean `public.orders`?"), "\(mistake.errorText)")
  }

  @Test(
    "a killed load of selected tables goes on where it stopped, also when its notes are gone",
    arguments: [("gzip", "1", false), ("gzip", "2", true), ("-Fc", "2", false), ("ours", "2", true)])
  func resumed(form: String, jobs: String, losesNotes: Bool) throws {
    let (lab, shop) = try scene(auditRows: 60000)
    let backup = try dump(lab, shop, form)
    let name = "\(lab.database)_part"
    let crashed = try lab.recover(
      ["db", "--yes", "--from", backup, "--table", "*s", "--table", "audit", "--into", name, "--jobs", jobs],
      environment: ["RECOVER_CRASH_AT": "load.commit:2"])
    #expect(crashed.status == 137, "\(crashed.errorText)")
    if losesNotes {
      try TestProcess.output([
        "sh", "-c", "cd \(lab.directory)/state/runs/*/ && rm -f selection.json survey.json excerpt.json",
      ])
    }
    let resumed = try lab.recover(["resume", "last"])
    #expect(resumed.status == 0, "\(resumed.errorText)\(resumed.outputText)")
    #expect(resumed.outputText.contains("went on where the last runner stopped"), "\(resumed.outputText)")
    try expectSame(lab, name, as: shop, ["customers", "orders", "audit", "sales.regions", "*_id_seq"])
  }

  @Test("of a backup of ours the content of the chosen tables is proved, and it does not count as verified")
  func manifest() throws {
    let (lab, shop) = try scene()
    // Larger than a member, so that it has some of its own.
    try lab.server.sql(
      "CREATE TABLE bulk AS SELECT i, repeat(md5(i::text), 8) AS t FROM generate_series(1, 40000) AS i", in: shop)
    let backup = try lab.makeBackup(shop, ["--jobs", "1"])
    let name = "\(lab.database)_part"
    let words = ["db", "--from", backup, "--table", "orders", "--table", "audit", "--into", name]
    // What is not needed is not read: nobody sees that it was damaged.
    try TestProcess.output([
      "sh", "-c",
      """
      set -- "$0"/*.sql.gz
      o=$(grep -m 1 '"chunks":\\[.*"rows":[0-9]\\{5\\}' "$1.index" | grep -o '"offset":[0-9]*,"sha256"' | tr -dc '0-9,' | cut -d, -f1)
      printf 'damaged' | dd of="$1" bs=1 seek=$((o + 40)) conv=notrunc status=none
      """, backup,
    ])
    let plan = try lab.recover(words + ["--plan"])
    #expect(plan.outputText.contains("what is needed of the backup is as its manifest has it"), "\(plan.outputText)")
    let whole = try lab.recover(["db", "--yes", "--from", backup, "--into", "\(name)_whole"])
    #expect(whole.status == 5 && whole.errorText.contains("of table public.bulk is not what"), "\(whole.errorText)")
    let result = try lab.recover(words + ["--yes"])
    #expect(result.status == 0, "\(result.errorText)\(result.outputText)")
    try expectSame(lab, name, as: shop, ["audit", "audit_id_seq"])
    let shown = try lab.recover(["show", "last", "--json"])
    #expect(shown.outputText.contains("\"content\":{"), "\(shown.outputText)")
    #expect(try !lab.files(backup).contains("verified.json"))
  }
}
