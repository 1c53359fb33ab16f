/// Checks a property over many random cases, and says how to repeat the first one that fails.
package enum Property {
  /// Runs `body` once a case, each with a generator of its own, and stops at the first failure.
  ///
  /// - Throws: ``PropertyFailure`` with the seed of the failing case; `RECOVER_SEED` set to it makes
  ///   that case the first one.
  package static func check(cases: Int = 10_000, _ body: (inout SeededGenerator) throws -> Void) throws {
    let seed = SeededGenerator.runSeed
    for index in 0..<cases {
      let own = seed &+ UInt64(index)
      var generator = SeededGenerator(seed: own)
      do {
        try body(&generator)
      } catch {
        throw PropertyFailure(seed: own, index: index, reason: error)
      }
    }
  }

  /// The same for a body that waits.
  package static func check(cases: Int = 10_000, _ body: (inout SeededGenerator) async throws -> Void) async throws {
    let seed = SeededGenerator.runSeed
    for index in 0..<cases {
      let own = seed &+ UInt64(index)
      var generator = SeededGenerator(seed: own)
      do {
        try await body(&generator)
      } catch {
        throw PropertyFailure(seed: own, index: index, reason: error)
      }
    }
  }

  /// Fails the case where the condition is false.
  package static func require(_ condition: Bool, _ message: @autoclosure () -> String) throws {
    if !condition { throw Broken(description: message()) }
  }

  private struct Broken: Error, CustomStringConvertible { let description: String }
}

/// A random case that broke its property.
package struct PropertyFailure: Error, CustomStringConvertible {
  let seed: UInt64
  let index: Int
  let reason: any Error

  package var description: String { "case \(index) failed; repeat it with RECOVER_SEED=\(seed): \(reason)" }
}
