package import RecoverBase

/// Why a step or a run failed, as the journal keeps it: an error without what can't be stored.
package struct Cause: Sendable, Hashable, Codable {
  package var code: RecoverError.Code
  package var message: String
  package var hint: String?
  /// The step it happened in; nil for the run itself.
  package var step: String?

  package init(code: RecoverError.Code, message: String, hint: String? = nil, step: String? = nil) {
    self.code = code
    self.message = message
    self.hint = hint
    self.step = step
  }

  /// The cause that an error is.
  package init(_ error: any Error, step: String? = nil) {
    if let error = error as? RecoverError {
      self.init(code: error.code, message: error.message, hint: error.hint, step: step)
    } else if error is CancellationError {
      self.init(code: .interrupted, message: "stopped before it was finished", step: step)
    } else {
      self.init(code: .bug, message: "unexpected error: \(error)", step: step)
    }
  }

  /// The cause as an error again.
  package var error: RecoverError { RecoverError(code, message, hint: hint) }
}
