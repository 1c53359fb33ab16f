package import RecoverCore

/// What a recovery in place needs to know beside what every recovery does.
package struct InPlaceBindings: Sendable, Hashable, Codable {
  /// The directory that the safety dump is written to.
  package var safetyDirectory: String

  package init(safetyDirectory: String) { self.safetyDirectory = safetyDirectory }
}

extension DatabaseBindings {
  /// Where the safety dump of a run in place is; nil for every other run.
  ///
  /// - Parameter run: nil while there is none yet; then `RUN` stands for its id.
  package func safetyDumpPath(run: RunID?) -> String? {
    guard let inPlace else { return nil }
    // A name can hold what a file's name can't; the run's id tells dumps apart all the same.
    let plain = String(
      String.UnicodeScalarView(
        name.unicodeScalars.map { scalar in
          scalar.isASCII && (scalar.properties.isAlphabetic || "0123456789-_".unicodeScalars.contains(scalar))
            ? scalar : "_"
        }))
    return "\(inPlace.safetyDirectory)/\(plain)_safety_\(run?.text ?? "RUN").sql.gz"
  }
}
