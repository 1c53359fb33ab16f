internal import Glibc

/// Random numbers from one seed (SplitMix64): the same seed gives the same numbers on every machine.
package struct SeededGenerator: RandomNumberGenerator, Sendable {
  private var state: UInt64

  package init(seed: UInt64) { state = seed }

  package mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}

extension SeededGenerator {
  /// A number of the range.
  package mutating func int(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

  /// True `numerator` times of `denominator`.
  package mutating func chance(_ numerator: Int, of denominator: Int) -> Bool {
    Int.random(in: 0..<denominator, using: &self) < numerator
  }

  /// One of the elements; traps when there is none.
  package mutating func pick<Element>(_ elements: [Element]) -> Element {
    elements[Int.random(in: 0..<elements.count, using: &self)]
  }

  /// So many random bytes, each below `limit`.
  package mutating func bytes(_ count: Int, below limit: UInt64 = 256) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next() % limit) }
  }

  /// The seed of this test run: `RECOVER_SEED` where it is set, else the gate's, else a new one.
  ///
  /// The gate (`.ci/run`) takes its seed from the content of the commit: a commit that was green once is green again,
  /// and every other one looks at other cases.
  package static var runSeed: UInt64 {
    for name in ["RECOVER_SEED", "RECOVER_GATE_SEED"] {
      if let seed = environmentValue(name).flatMap({ UInt64($0) }) { return seed }
    }
    return UInt64.random(in: 0...UInt64.max / 2)
  }
}

/// What an environment variable holds; nil where it is not set.
package func environmentValue(_ name: String) -> String? {
  guard let value = unsafe getenv(name) else { return nil }
  return unsafe String(cString: value)
}
