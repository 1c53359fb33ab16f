internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverTestSupport
internal import Testing

@Suite("Crash points")
struct CrashPointsTests {
  static let known = CrashPointNames.all(of: plan) { $0.id == "a" ? ["commit"] : [] }
  static let plan = Plans.plan(["a", "b"].map { PlannedStep(id: $0, uses: "x", kind: .compensable, retry: .once) })

  @Test("every record that a run can journal has its two points")
  func records() throws {
    try Property.check { generator in
      let event = generator.event()
      // Causes name steps of their own.
      guard event.step.map({ ["a", "b"].contains($0) }) ?? true else { return }
      let point = event.step.map { "\(event.kind).\($0)" } ?? event.kind
      try Property.require(Self.known.isSuperset(of: [point, "before-\(point)"]), point)
    }
  }

  @Test(
    "a point that there is not is refused with the nearest one",
    arguments: [
      ("a.comit", "did you mean `a.commit`?"), ("step-intended.c", "did you mean `step-intended.a`?"),
      ("nosuch.point", "docs/crash-points.md has the points"), ("b.commit", "did you mean `a.commit`?"),
    ])
  func refusal(_ text: String, _ hint: String) throws {
    let error = try #require(throws: RecoverError.self) {
      _ = try CrashPoints(text, environment: .staging, known: Self.known)
    }
    #expect(error.code == .usage)
    #expect(error.hint == hint)
  }

  @Test("a count that is none is refused, and so is production")
  func usage() throws {
    for text in ["a.commit:0", "a.commit:x", ""] {
      #expect(throws: RecoverError.self) { _ = try CrashPoints(text, environment: .staging, known: Self.known) }
    }
    #expect(throws: RecoverError.self) { _ = try CrashPoints("a.commit", environment: .production, known: Self.known) }
    _ = try CrashPoints("a.commit:2", environment: .development, known: Self.known)
  }
}
