internal import RecoverBase

extension Connection {
  /// Commits a transaction whose effect has to be known: an interruption does not cancel it, and an answer that takes
  /// longer than a minute counts as a lost connection, since it may have happened all the same.
  mutating func commitDecisively() throws {
    let interruption = self.interruption
    self.interruption = nil
    deadline = .after(.seconds(60))
    defer {
      self.interruption = interruption
      deadline = nil
    }
    do {
      try execute("COMMIT")
    } catch var error as RecoverError where error.code == .timedOut {
      error.code = .connectionLost
      throw error
    }
  }

  /// Rolls back what is open, even when an interruption is raised; a server that does not answer does so by itself.
  mutating func rollBackWhateverHappens() {
    guard !isLost else { return }
    let interruption = self.interruption
    self.interruption = nil
    deadline = .after(.seconds(20))
    _ = try? execute("ROLLBACK")
    self.interruption = interruption
    deadline = nil
  }
}
