internal import RecoverBase
internal import RecoverCore
internal import RecoverTestSupport
internal import Testing

@Suite("plans")
struct PlanTests {
  @Test("a plan survives being stored, with its hash; any other plan has another hash")
  func hashes() throws {
    try Property.check { generator in
      let plan = generator.plan()
      let read = try Plan(stored: JSONValue.canonicalBytes(of: plan))
      try Property.require(read == plan, "\(plan) became \(read)")
      try Property.require(try read.hash() == plan.hash(), "the hash changed")
      var other = plan
      other.target.name += "x"
      try Property.require(try other.hash() != plan.hash(), "another target has the same hash")
    }
  }

  @Test("bytes that are no plan, and a plan of a newer form, are refused")
  func refused() throws {
    #expect(throws: RecoverError.self) { try Plan(stored: Array("{}".utf8)) }
    var plan = RunMachineTableTests.plan
    plan.format += 1
    let bytes = try JSONValue.canonicalBytes(of: plan)
    #expect(throws: RecoverError.self) { try Plan(stored: bytes) }
  }

  @Test("targets of different kinds never share a claim")
  func keys() {
    let keys = [Target.Kind.database, .tree, .deployment, .custom].map {
      Target(kind: $0, identity: "x", name: "x").key
    }
    #expect(Set(keys).count == 4)
  }

  @Test("the names of runs are read as people type them, and sort by time")
  func runIDs() throws {
    try Property.check { generator in
      let seconds = Int64(generator.int(0...4_000_000_000))
      let run = RunID(seconds: seconds, random: UInt32(generator.int(0...0xFFFFF)))
      try Property.require(RunID(run.text.uppercased()) == run, "\(run) is not read")
      let later = RunID(seconds: seconds + 1, random: 0)
      try Property.require(run.text < later.text, "\(later) sorts before \(run)")
      try Property.require(RunID(String(run.text.dropLast())) == nil, "a short name is read")
    }
    #expect(RunID("iiiiiiiiiiii") == nil)
  }
}
