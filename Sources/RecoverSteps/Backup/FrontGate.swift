internal import RecoverBase

/// Holds rows back until the schema, which stands before them in a dump, is written.
final class FrontGate: Sendable {
  private enum State: Sendable { case closed, open, broken }
  private let state = Monitor(State.closed)

  /// The schema is written: rows may follow.
  func open() { state.change { $0 = .open } }

  /// The schema will not be written: whoever waits, or comes, is turned away.
  func close() { state.change { $0 = .broken } }

  /// Waits until it is open, on the caller's thread.
  ///
  /// - Throws: ``RecoverError`` `interrupted` where it was closed for good.
  func pass() throws {
    while true {
      let found = state.wait(atMost: .seconds(60)) { $0 == .closed ? nil : $0 }
      switch found {
      case .open?: return
      case .broken?: throw RecoverError(.interrupted, "the schema was not written, which comes before the rows")
      case .closed?, nil: continue
      }
    }
  }
}
