package import RecoverBase

/// One thing that is wrong in a policy or procedure.
package struct PolicyDiagnostic: Sendable, Hashable, Codable {
  /// Nil only for what was not read from a file.
  package var place: Place?
  /// What is wrong, without the place.
  package var message: String
  /// What to write instead, without the leading `hint:`.
  package var hint: String?

  package init(place: Place?, message: String, hint: String? = nil) {
    self.place = place
    self.message = message
    self.hint = hint
  }
}

extension PolicyDiagnostic: CustomStringConvertible {
  /// `FILE:LINE:COLUMN: message`, as compilers write it and editors jump to it.
  package var description: String { place.map { "\($0): \(message)" } ?? message }
}

/// Everything that is wrong in a set of policy files, in reading order.
package struct PolicyDiagnostics: Error, Sendable, Hashable, Codable {
  package private(set) var entries: [PolicyDiagnostic]

  /// Sorts the entries by place and drops repetitions.
  package init(_ entries: [PolicyDiagnostic]) {
    var seen: Set<PolicyDiagnostic> = []
    let unique = entries.filter { seen.insert($0).inserted }
    let keyed = unique.enumerated().sorted { left, right in
      guard let first = left.element.place, let second = right.element.place, first != second else {
        return left.offset < right.offset
      }
      return first < second
    }
    self.entries = keyed.map(\.element)
  }

  package var isEmpty: Bool { entries.isEmpty }

  /// The error that carries all of them; nil when there are none.
  ///
  /// Its message starts with the first one's and has one line for each; its hint is the first one's. The
  /// entries themselves are its `underlying`.
  package var error: RecoverError? {
    guard let first = entries.first else { return nil }
    let others = entries.dropFirst().map { entry in
      entry.hint.map { "\(entry) (\($0))" } ?? "\(entry)"
    }
    return RecoverError(
      .policyInvalid, (["\(first)"] + others).joined(separator: "\n"), hint: first.hint, underlying: self)
  }

  /// - Throws: ``error``, when there is one.
  package func throwIfAny() throws {
    if let error { throw error }
  }
}
