extension BlockingThread {
  /// Runs `member` on several threads, each with its number from 0 on, while `lead` runs here.
  ///
  /// Returns, or throws what the lead throws, once all of them have ended: the lead must see to it that they do. For
  /// blocking code; it blocks the caller's thread.
  package static func crew<Value>(
    _ name: StaticString, count: Int, member: @escaping @Sendable (Int) -> Void, lead: () throws -> Value
  ) rethrows -> Value {
    let working = Monitor(count)
    for number in 0..<count {
      start(name) {
        member(number)
        working.change { $0 -= 1 }
      }
    }
    defer {
      while working.wait(atMost: .seconds(60), until: { $0 == 0 ? true : nil }) == nil {}
    }
    return try lead()
  }
}
