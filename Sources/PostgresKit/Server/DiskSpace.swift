internal import Glibc
package import RecoverBase

/// The free space where a server keeps a tablespace, as far as it can be known from here.
///
/// SQL does not tell it. It is known where the directory is on this machine: by the caller's word, or because the
/// control file found there carries the server's system identifier.
package enum DiskSpace: Sendable, Hashable, Codable {
  case known(free: ByteCount, path: String)
  case unknown(reason: String)

  /// Looks.
  ///
  /// - Parameters:
  ///   - tablespace: nil for the one that new databases get.
  ///   - path: a directory of this machine that is on the same file system, from the policy.
  /// - Throws: ``RecoverError`` `policyInvalid` where the given path can't be looked at.
  package static func look(
    tablespace: String? = nil, path: String? = nil, identity: ServerIdentity, _ connection: inout Connection
  ) throws -> DiskSpace {
    if let path {
      guard let free = freeBytes(path) else {
        throw RecoverError.system(.policyInvalid, "can't look at the free space of \(path)")
      }
      return .known(free: free, path: path)
    }
    guard let data = identity.dataDirectory else {
      return .unknown(reason: "our role may not see the server's data directory")
    }
    guard systemIdentifier(of: data) == identity.systemIdentifier else {
      return .unknown(reason: "the server's data directory \(data) is not on this machine, or not readable")
    }
    let location = try connection.value(
      "SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE spcname = coalesce($1, 'pg_default')", [tablespace])
    let place = location.flatMap { $0.isEmpty ? nil : $0 } ?? data
    guard let free = freeBytes(place) else { return .unknown(reason: "can't look at the free space of \(place)") }
    return .known(free: free, path: place)
  }

  /// What statvfs(3) says is free for unprivileged users; nil with errno set where it fails.
  private static func freeBytes(_ path: String) -> ByteCount? {
    var information = statvfs()
    guard unsafe statvfs(path, &information) == 0 else { return nil }
    return ByteCount(Int64(information.f_bavail) * Int64(information.f_frsize))
  }

  /// The first field of `global/pg_control`: eight bytes in the machine's order.
  private static func systemIdentifier(of dataDirectory: String) -> String? {
    let descriptor = unsafe open(dataDirectory + "/global/pg_control", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var identifier: UInt64 = 0
    guard unsafe read(descriptor, &identifier, 8) == 8 else { return nil }
    return String(identifier)
  }
}
