internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import PostgresKit

/// Parts of a dump with one of everything, as psql takes them.
@Suite("selection of a real dump")
struct SelectionOracleTests {
  private let server: ScratchPostgres
  private let everything: String

  init() throws {
    server = try ScratchPostgres.shared()
    everything = try EverythingTests.made.get()
  }

  private func world(_ options: [String] = []) throws -> SelectionWorld {
    try SelectionWorld(String(decoding: try server.pgDump(everything, options: options), as: UTF8.self))
  }

  @Test(
    "relations alone, schemas alone, and all but one relation make parts that psql loads without an error",
    arguments: [([], 1), (["--inserts", "--quote-all-identifiers"], 7)])
  func everyPartLoads(options: [String], step: Int) throws {
    let world = try world(options)
    let all = try world.select(schemas: ["*"]).relations
    #expect(all.count > 30)
    var script = "\\set ON_ERROR_STOP on\n"
    var names: [String] = []
    func add(_ what: String, _ selected: () throws -> SelectedDump) throws {
      do {
        let part = world.text(try selected())
        // A failure names the part, and each leaves nothing to the next.
        script += "BEGIN;\n\\echo \(names.count)\n\(part)\nROLLBACK;\n"
        names.append(what)
      } catch let error as RecoverError where error.code == .usage {
        // A view that needs more than is selected.
      }
    }
    // Everything is looked at in the plain form, and a sample in the other one.
    for (number, relation) in all.filter({ $0.owner == nil }).enumerated() where number % step == 0 {
      let pattern = Self.pattern(relation.name)
      try add("only \(pattern)") { try world.select(pattern) }
      if number % 5 == 0 { try add("without \(pattern)") { try world.select(without: [pattern]) } }
    }
    for schema in Set(all.compactMap(\.name.schema)) {
      try add("schema \(schema)") { try world.select(schemas: ["\"\(schema)\""]) }
    }
    #expect(names.count > 40 / step)
    try server.withDatabase { database in
      let result = try TestProcess.run(
        [ScratchPostgres.programs + "psql", "-X", "-q"] + server.connectionArguments(database),
        input: .bytes(Array(script.utf8)))
      let last = result.outputText.split(separator: "\n").last { Int($0) != nil }.flatMap { Int($0) }
      #expect(result.status == 0, "\(last.map { names[$0] } ?? "?"): \(result.errorText)")
    }
  }

  private static func pattern(_ name: SQLName) -> String {
    func quoted(_ name: String) -> String { "\"\(name.replacing("\"", with: "\"\""))\"" }
    return (name.schema.map { quoted($0) + "." } ?? "") + quoted(name.name)
  }
}
