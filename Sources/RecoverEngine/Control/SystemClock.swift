package import RecoverBase

/// The machine's own time and chance.
package struct SystemClock: EngineClock {
  package init() {}
  package var wallTime: WallTime { .now }
  package var moment: Moment { .now }
  package func random() -> Double { Double.random(in: 0..<1) }
  package func sleep(for duration: Duration) async throws { try await Task.sleep(for: duration, tolerance: .zero) }
}
