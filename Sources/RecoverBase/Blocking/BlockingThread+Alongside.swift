extension BlockingThread {
  /// Runs `companion` on a thread of its own for as long as `body` runs here.
  ///
  /// When `body` ends, in whatever way, the companion's interruption is raised; the call returns once the companion
  /// has ended too. For blocking code that needs a second pair of hands; it blocks the caller's thread.
  package static func alongside<Value>(
    _ name: StaticString, _ companion: @escaping @Sendable (Interruption) -> Void, _ body: () throws -> Value
  ) rethrows -> Value {
    let stop = Interruption()
    let ended = Interruption()
    start(name) {
      companion(stop)
      ended.raise()
    }
    defer {
      stop.raise()
      while !ended.wait(atMost: .seconds(60)) {}
    }
    return try body()
  }
}
