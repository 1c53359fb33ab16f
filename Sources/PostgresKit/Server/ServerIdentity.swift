package import RecoverBase

/// Which server a connection leads to, as the server sees itself.
///
/// A physical clone shares the system identifier, the OIDs and the names with its origin; address, port, data directory,
/// timeline and recovery state tell the two apart.
package struct ServerIdentity: Sendable, Hashable, Codable {
  /// Made by initdb; shared by clones and standbys.
  package var systemIdentifier: String
  /// Higher after each promotion or point-in-time recovery.
  package var timeline: Int
  /// The server's end of the connection; nil over a unix socket.
  package var address: String?
  package var port: Int
  /// Nil where our role may not see it.
  package var dataDirectory: String?
  package var isInRecovery: Bool
  /// As one number: 150020 for 15.20.
  package var version: Int
  /// When the postmaster started.
  package var startedAt: WallTime
  /// The database that the connection is to.
  package var maintenanceDatabase: String
}

extension ServerIdentity {
  /// Asks the server.
  ///
  /// - Throws: ``RecoverError`` `missingRequirement` where our role may not call `pg_control_system()`.
  package static func read(_ connection: inout Connection) throws -> ServerIdentity {
    do {
      return try connection.document(ServerIdentity.self, query).orMissing("the server does not identify itself")
    } catch let error as RecoverError where error.sqlState == .insufficientPrivilege {
      throw RecoverError(
        .missingRequirement, "role \(connection.user) may not read the server's system identifier",
        hint: "as superuser: GRANT EXECUTE ON FUNCTION pg_control_system(), pg_control_checkpoint() TO "
          + Quoting.identifier(connection.user), underlying: error)
    }
  }

  /// The timeline that is written now stands in the names of WAL files; the control file's is as old as the last
  /// checkpoint, and all that a standby has.
  private static let query = """
    SELECT jsonb_build_object(
      'systemIdentifier', (SELECT system_identifier::text FROM pg_control_system()),
      'timeline', CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id FROM pg_control_checkpoint())
        ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END,
      'address', host(inet_server_addr()),
      'port', current_setting('port')::int,
      'dataDirectory', (SELECT setting FROM pg_settings WHERE name = 'data_directory'),
      'isInRecovery', pg_is_in_recovery(),
      'version', current_setting('server_version_num')::int,
      'startedAt', (extract(epoch FROM pg_postmaster_start_time()) * 1000000)::bigint,
      'maintenanceDatabase', current_database())
    """
}

extension ServerIdentity {
  /// A part in which two servers, or one server at two times, can differ.
  package enum Part: String, Sendable, Codable, CaseIterable {
    case systemIdentifier, timeline, address, port, dataDirectory, isInRecovery, version, startedAt

    /// Whether a difference means another server; the others mean that the server was upgraded or restarted.
    package var tellsServersApart: Bool {
      switch self {
      case .systemIdentifier, .timeline, .address, .port, .dataDirectory, .isInRecovery: true
      case .version, .startedAt: false
      }
    }

    var name: String {
      switch self {
      case .systemIdentifier: "system identifier"
      case .timeline: "timeline"
      case .address: "address"
      case .port: "port"
      case .dataDirectory: "data directory"
      case .isInRecovery: "recovery state"
      case .version: "version"
      case .startedAt: "start time"
      }
    }
  }

  /// A part that is not what it was.
  package struct Difference: Sendable, Hashable, CustomStringConvertible {
    package var part: Part
    package var expected: String
    package var found: String

    package var description: String { "\(part.name) is \(found), not \(expected)" }
  }

  /// In what this server differs from another one; a part that either of them does not know is not compared.
  package func differs(from other: ServerIdentity) -> [Difference] {
    Part.allCases.compactMap { part in
      guard let found = text(of: part), let expected = other.text(of: part), found != expected else { return nil }
      return Difference(part: part, expected: expected, found: found)
    }
  }

  /// Refuses every server but the expected one.
  ///
  /// - Throws: ``RecoverError`` `wrongTarget` that names each part which differs. An upgrade or a restart is no reason.
  package func check(isServer expected: ServerIdentity) throws {
    let differences = differs(from: expected).filter(\.part.tellsServersApart)
    guard !differences.isEmpty else { return }
    let sameOrigin = systemIdentifier == expected.systemIdentifier
    throw RecoverError(
      .wrongTarget, "this is another server than the plan's: \(differences.map(\.description).joined(separator: "; "))",
      hint: sameOrigin
        ? "it is a clone or a promoted standby of the planned server; connect to that one, or plan again for this one"
        : "check the host and the port, or plan again for this server")
  }

  private func text(of part: Part) -> String? {
    switch part {
    case .systemIdentifier: systemIdentifier
    case .timeline: String(timeline)
    case .address: address
    case .port: String(port)
    case .dataDirectory: dataDirectory
    case .isInRecovery: isInRecovery ? "in recovery" : "not in recovery"
    case .version: String(version)
    // To the microsecond: a server can restart within a second.
    case .startedAt: "\(startedAt) + \(startedAt.microseconds % 1_000_000) µs"
    }
  }
}

extension Optional {
  /// The value, or an error for what a query must always give.
  func orMissing(_ what: String) throws -> Wrapped {
    guard let self else { throw RecoverError(.bug, what) }
    return self
  }
}
