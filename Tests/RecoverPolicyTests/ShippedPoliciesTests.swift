import RecoverCore
import RecoverPolicy
import Testing

@Suite("Shipped policies")
struct ShippedPoliciesTests {
  @Test("the files of the repository are those in the program", arguments: BuiltInProcedures.files.map(\.name))
  func embedded(_ name: String) throws {
    let file = try #require(BuiltInProcedures.files.first { $0.name == name })
    let shipped = try ShippedPolicies.text(String(name.drop { $0 != "/" }.dropFirst()))
    #expect(Array(shipped.utf8) == file.bytes)
  }

  @Test("the built-in files stay small, since embedding compiles slowly")
  func small() {
    #expect(BuiltInProcedures.files.map(\.bytes.count).reduce(0, +) <= 20_000)
  }

  @Test("the db procedure stops nothing before the inspection, and proves before it swaps")
  func database() throws {
    let procedure = try #require(try BuiltInProcedures.load()["db"])
    #expect(
      procedure.steps.map(\.id) == [
        "inspect", "prepare", "stop", "fence", "load", "analyze", "prove", "swap", "after", "start", "health", "accept",
        "retire",
      ])
  }

  @Test("in place the live database is dropped only after its backup was inspected and its safety dump proved")
  func inPlace() throws {
    let procedure = try #require(try BuiltInProcedures.load()["db-in-place"])
    #expect(
      procedure.steps.map(\.id) == [
        "inspect", "prepare", "stop", "fence", "safety", "drop", "load", "analyze", "prove", "swap", "after", "start",
        "health", "accept", "retire",
      ])
  }
}
