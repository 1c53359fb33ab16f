import Glibc
import PostgresKit
import RecoverBase
import RecoverTestSupport

/// A standby of a scratch server, on a socket in its own directory; stopped with its last reference.
///
/// When the test's process dies instead, the server goes a minute later, since its origin's directory goes at once.
final class StandbyServer {
  private let directory: String
  let data: String
  let port = 5433

  init(of origin: ScratchPostgres) throws {
    directory = origin.directory + "/" + ScratchPostgres.uniqueName("standby")
    data = directory + "/data"
    try Self.run(["mkdir", "-m", "700", directory])
    try Self.run(
      [ScratchPostgres.programs + "pg_basebackup", "--pgdata=\(data)", "--write-recovery-conf", "--checkpoint=fast"]
        + origin.connectionArguments())
    let options = "-c listen_addresses='' -c unix_socket_directories='\(directory)' -c port=\(port) -c hot_standby=on"
    try Self.run([
      ScratchPostgres.programs + "pg_ctl", "--wait", "--pgdata=\(data)", "--log=\(directory)/log",
      "--options=\(options)", "start",
    ])
  }

  deinit {
    try? Self.run([ScratchPostgres.programs + "pg_ctl", "--pgdata=\(data)", "--mode=immediate", "--wait", "stop"])
  }

  func settings(_ database: String = "postgres") -> ConnectionSettings {
    ConnectionSettings(host: directory, port: port, user: "postgres", database: database)
  }

  private static func run(_ command: [String]) throws {
    try TestProcess.output(command, user: getuid() == 0 ? .named("postgres") : .ourselves, directory: "/")
  }
}
