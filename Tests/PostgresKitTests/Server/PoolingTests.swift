import Glibc
import PostgresKit
import RecoverBase
import RecoverTestSupport
import Testing

/// A PgBouncer in front of a scratch server, on a socket in its directory; stopped with its last reference.
private final class Bouncer {
  /// `RECOVER_PGBOUNCER`, else Debian's place.
  static let program: String? = {
    let path = unsafe getenv("RECOVER_PGBOUNCER").map { unsafe String(cString: $0) } ?? "/usr/sbin/pgbouncer"
    return unsafe access(path, X_OK) == 0 ? path : nil
  }()

  private let process: TestProcess
  private let directory: String

  init(_ server: ScratchPostgres, mode: String) throws {
    directory = server.directory + "/" + ScratchPostgres.uniqueName("bouncer")
    let user: TestProcess.User = getuid() == 0 ? .named("postgres") : .ourselves
    let configuration = """
      [databases]
      * = host=\(server.directory) port=\(server.port)
      [pgbouncer]
      pool_mode = \(mode)
      auth_type = trust
      auth_file = \(directory)/users
      listen_addr =
      listen_port = 6432
      unix_socket_dir = \(directory)
      ignore_startup_parameters = extra_float_digits
      """
    try TestProcess.output(["mkdir", "-m", "755", directory], user: user)
    let file = directory + "/pgbouncer.ini"
    for (path, text) in [(file, configuration), (directory + "/users", "\"postgres\" \"\"\n")] {
      try TestProcess.output(["sh", "-c", "cat > \"$0\"", path], input: .bytes(Array(text.utf8)), user: user)
    }
    process = try TestProcess([Self.program ?? "", "--quiet", file], user: user, directory: "/")
    // The socket's file is there a moment before anybody listens on it.
    let deadline = Deadline.after(.seconds(20))
    while (try? Connection(settings)) == nil, !deadline.hasPassed { Interruption().wait(atMost: .milliseconds(10)) }
  }

  var settings: ConnectionSettings {
    ConnectionSettings(host: directory, port: 6432, user: "postgres", database: "postgres")
  }
}

@Suite("poolers", .enabled(if: Bouncer.program != nil, "pgbouncer is not installed"))
struct PoolingTests {
  @Test(
    "PgBouncer is seen for what it is",
    arguments: [("transaction", Pooling.transaction), ("statement", .transaction), ("session", .session)])
  func detects(mode: String, pooling: Pooling) throws {
    let server = try AdminCluster.shared()
    let bouncer = try Bouncer(server, mode: mode)
    #expect(try Pooling.detect(bouncer.settings) == pooling)
    guard pooling == .transaction else { return }
    let error = #expect(throws: RecoverError.self) { try pooling.checkUsable(bouncer.settings) }
    #expect(error?.code == .wrongTarget)
  }
}
