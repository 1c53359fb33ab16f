internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverTestSupport
internal import Testing

extension SimulationTests {
  @Test("a random history of faults, crashes, hangs and requests breaks no rule and comes to an end")
  func chaos() async throws {
    // The gate plays the same thousand histories each time; the long tier, or RECOVER_SEED, plays others.
    let seed = Self.seed
    var findings = Findings()
    var ends: [String: Int] = [:]
    for number in 0..<(isExhaustive ? 20_000 : 1000) {
      let own = seed &+ UInt64(number)
      await findings.check("repeat it with RECOVER_SEED=\(own)") {
        let end = try await Chaos(seed: own).play()
        ends[end, default: 0] += 1
      }
      if findings.count > 20 { break }
    }
    findings.report()
    #expect(Set(ends.keys) == ["succeeded", "rolled-back", "failed-clean"], "\(ends)")
  }
}
