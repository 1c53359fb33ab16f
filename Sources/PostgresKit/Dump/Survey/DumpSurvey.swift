package import RecoverBase

/// What one pass over a plain dump has found: whether it is whole, what it holds, and what it needs.
///
/// Memory grows with the number of tables, objects and roles, not with rows; the limits are ``Limits``.
package struct DumpSurvey: Sendable, Hashable, Codable {
  /// SHA-256 of the uncompressed dump.
  package var digest: Digest
  /// The size of the uncompressed dump.
  package var byteCount: Int64
  package var completeness: Completeness
  /// What pg_dump says of itself.
  package var origin: DumpOrigin
  /// The parts of the dump, in its order: one, unless the dump connects to databases.
  ///
  /// Never empty.
  package var segments: [DumpSegment]
  /// The databases that the dump connects to, or makes, changes and drops as a whole, in order of appearance.
  package var databases: [DumpDatabase]

  /// Whether the dump ends where pg_dump ended it.
  package enum Completeness: Sendable, Hashable, Codable {
    /// pg_dump's last lines are there, and every `\restrict` was lifted.
    case complete
    /// Nothing is open at the end, but nothing of pg_dump's says that this is the end: written or edited by hand.
    case unknown
    /// It was cut off; the text says how that shows.
    case truncated(String)
  }

  /// What bounds the memory of a survey.
  package struct Limits: Sendable, Hashable {
    /// Above this number objects are only counted by kind.
    package var objects = 200_000
    /// Above this number escapes are only counted.
    package var escapes = 1_000
    /// The text of all statements about whole databases; a dump with more is refused.
    package var databaseTextBytes = 16 << 20

    package init() {}
  }
}

extension DumpSurvey {
  /// The segments that hold data or objects for one database.
  ///
  /// A dump that connects to nothing has one part, which is for any database; then the name does not matter.
  /// The globals of a cluster are for none.
  package func content(of database: String?) -> [DumpSegment] {
    let hasConnect = segments.contains { $0.database != nil }
    return segments.filter { !$0.isGlobals && (!hasConnect || $0.database == database) }
  }

  /// The databases that the dump connects to, in its order.
  package var connectedDatabases: [String] { databases.filter(\.isConnected).map(\.name) }

  /// The result of a pass over the rest of a dump, as ``DumpScan`` makes it.
  package init<Source: ByteSource & ~Copyable>(
    reading reader: inout DumpReader<Source>, limits: Limits = Limits(), interruption: Interruption,
    progress: (Int64) -> Void = { _ in }
  ) throws {
    var scan = DumpScan.Limits()
    scan.survey = limits
    self = try DumpScan(reading: &reader, limits: scan, interruption: interruption, progress: progress).survey
  }
}
