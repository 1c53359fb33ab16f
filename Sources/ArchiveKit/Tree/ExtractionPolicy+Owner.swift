internal import RecoverBase

extension ExtractionPolicy.Ownership {
  /// One owner for all, as `user:group` in numbers or names.
  ///
  /// - Returns: nil for another form.
  /// - Throws: ``RecoverError`` `missingRequirement` for a name that nobody has here.
  package static func owner(_ text: String) throws -> Self? {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
    var names = AccountNames()
    // The largest number is none: it means "leave it" to chown(2).
    func number(_ text: String) -> UInt32? { UInt32(text).flatMap { $0 == .max ? nil : $0 } }
    guard let user = number(parts[0]) ?? names.user(TarName(Array(parts[0].utf8))) else {
      throw unknown("user", parts[0])
    }
    guard let group = number(parts[1]) ?? names.group(TarName(Array(parts[1].utf8))) else {
      throw unknown("group", parts[1])
    }
    return .fixed(user: user, group: group)
  }

  private static func unknown(_ kind: String, _ name: String) -> RecoverError {
    RecoverError(
      .missingRequirement, "there is no \(kind) \(name) here", hint: "make it first, or write it as a number")
  }
}
