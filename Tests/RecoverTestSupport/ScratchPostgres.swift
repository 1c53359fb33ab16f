internal import Glibc
package import PostgresKit
internal import RecoverBase
internal import Synchronization

/// A throw-away PostgreSQL cluster of a test, in a directory of its own under `/tmp`.
///
/// It listens on 127.0.0.1 and on a unix socket, trusts everybody, and does without fsync unless asked. Run by root,
/// the server runs as user `postgres`. A guardian process stops it and removes its directory when the test's
/// process ends in whatever way, SIGKILL included.
package final class ScratchPostgres: Sendable {
  /// What is chosen when a cluster is made.
  package struct Options: Sendable {
    /// Lines of postgresql.conf; they win over the defaults.
    package var settings: [String: String] = [:]
    /// Whether commits survive a crash of the server or machine.
    package var synchronous = false
    package var encoding = "UTF8"
    /// Nil is any free one.
    package var port: Int?
    /// The data directory of a stopped server, to be a clone of it: the same system identifier, names and OIDs.
    package var cloneOf: String?
    /// First lines of pg_hba.conf; everybody else is trusted.
    package var authentication: [String] = []
    /// Files for the server's own directory of extensions, by name: a copy of the server is run, which looks there.
    package var extensionFiles: [String: String] = [:]

    package init(settings: [String: String] = [:], synchronous: Bool = false, encoding: String = "UTF8") {
      self.settings = settings
      self.synchronous = synchronous
      self.encoding = encoding
    }
  }

  /// Holds `data`, the socket, and the server's log.
  package let directory: String
  package let port: Int
  /// The superuser's name, also of the database that is there from the start.
  package let superuser = "postgres"
  private let guardian: Guardian
  private static let counter = Atomic<Int>(0)

  /// Makes and starts a cluster; a test that kills its server makes one of its own, any other uses ``shared()``.
  ///
  /// - Throws: ``RecoverError`` with the server's log when it does not start.
  package init(_ options: Options = Options()) throws {
    let directory = try Self.makeDirectory()
    self.directory = directory
    let guardian = try Guardian(directory: directory)
    let data = directory + "/data"
    do {
      try Self.makeData(data, options)
      let program = options.extensionFiles.isEmpty ? nil : try Self.makeServer(directory, options.extensionFiles)
      port = try Self.start(data: data, options: options, program: program)
    } catch {
      guardian.clean()
      throw error
    }
    self.guardian = guardian
  }

  deinit { guardian.clean() }

  private static let sharedCluster = Result { try ScratchPostgres() }

  /// The cluster that all tests of this process share: started at first use, gone with the process.
  ///
  /// Tests make databases of their own in it (``withDatabase(_:_:)``) and leave roles and tablespaces alone.
  package static func shared() throws -> ScratchPostgres { try sharedCluster.get() }

  /// A name that no other call in this process returns: `name_7`.
  package static func uniqueName(_ name: String) -> String {
    "\(name)_\(counter.wrappingAdd(1, ordering: .relaxed).newValue)"
  }

  /// The data directory.
  package var data: String { directory + "/data" }

  /// A URL of one of its databases, by TCP.
  package func url(_ database: String = "postgres", user: String = "postgres") -> String {
    "postgresql://\(user)@127.0.0.1:\(port)/\(database)"
  }

  /// Settings to connect to one of its databases.
  package func settings(_ database: String = "postgres", user: String = "postgres") throws -> ConnectionSettings {
    try ConnectionSettings(url(database, user: user))
  }
}

extension ScratchPostgres {
  /// Where the server's programs are: `RECOVER_PG_BIN`, else the newest of Debian's versions, else the `PATH`.
  package static let programs: String = {
    if let path = unsafe getenv("RECOVER_PG_BIN") { return unsafe String(cString: path) + "/" }
    for version in stride(from: 30, through: 9, by: -1) {
      let path = "/usr/lib/postgresql/\(version)/bin/"
      if unsafe access(path + "initdb", X_OK) == 0 { return path }
    }
    return ""
  }()

  static var serverUser: TestProcess.User { getuid() == 0 ? .named("postgres") : .ourselves }

  /// Runs one of the server's programs as the server's user.
  @discardableResult
  static func asServer(_ arguments: [String]) throws -> [UInt8] {
    var command = arguments
    command[0] = programs + command[0]
    return try TestProcess.output(command, user: serverUser, directory: "/")
  }

  private static func makeData(_ data: String, _ options: Options) throws {
    if let origin = options.cloneOf {
      try TestProcess.output(["cp", "-a", origin, data], user: serverUser, directory: "/")
    } else {
      try asServer([
        "initdb", "--no-sync", "--pgdata=\(data)", "--username=postgres", "--auth=trust",
        "--encoding=\(options.encoding)", options.encoding == "UTF8" ? "--locale=C.UTF-8" : "--locale=C",
      ])
    }
    guard !options.authentication.isEmpty else { return }
    let lines = options.authentication.joined(separator: "\n") + "\n"
    try TestProcess.output(
      ["sh", "-c", "cat - \"$0\" > \"$0.new\" && mv \"$0.new\" \"$0\"", data + "/pg_hba.conf"],
      input: .bytes(Array(lines.utf8)), user: serverUser, directory: "/")
  }

  private static func makeDirectory() throws -> String {
    var template = Array("/tmp/recover-pg-XXXXXX".utf8CString)
    let made = unsafe template.withUnsafeMutableBufferPointer { buffer in
      unsafe buffer.baseAddress.flatMap { unsafe mkdtemp($0) }.map { unsafe String(cString: $0) }
    }
    guard let directory = made else { throw RecoverError.system(.unreachable, "can't make a directory in /tmp") }
    if getuid() == 0 {
      guard let entry = unsafe getpwnam("postgres") else {
        throw RecoverError(.missingRequirement, "root needs a user postgres to run a scratch server")
      }
      unsafe chown(directory, entry.pointee.pw_uid, entry.pointee.pw_gid)
    }
    return directory
  }

  /// A port of 127.0.0.1 that nobody listens on now.
  private static func freePort() throws -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw RecoverError.system(.unreachable, "can't make a socket") }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        unsafe bind(descriptor, generic, length) == 0 ? getsockname(descriptor, generic, &length) : -1
      }
    }
    guard code == 0 else { throw RecoverError.system(.unreachable, "no free port on 127.0.0.1") }
    return Int(UInt16(bigEndian: address.sin_port))
  }

  /// Writes the configuration and starts the server; another port is tried when somebody took the free one first.
  private static func start(data: String, options: Options, program: String?) throws -> Int {
    var attempt = 0
    while true {
      attempt += 1
      let port = try options.port ?? freePort()
      try writeConfiguration(data: data, port: port, options: options)
      do {
        try startServer(data: data, program: program)
        return port
      } catch  where attempt < 5 {
        continue
      }
    }
  }

  private static func writeConfiguration(data: String, port: Int, options: Options) throws {
    let directory = data + "/.."
    var settings = [
      "listen_addresses": "127.0.0.1", "port": String(port), "unix_socket_directories": directory,
      "max_connections": "60", "shared_buffers": "64MB", "max_wal_size": "2GB", "log_line_prefix": "%m [%p] %a ",
      "logging_collector": "off", "max_prepared_transactions": "5",
    ]
    if !options.synchronous {
      settings["fsync"] = "off"
      settings["full_page_writes"] = "off"
    }
    settings.merge(options.settings) { _, chosen in chosen }
    let lines = settings.sorted { $0.key < $1.key }.map { "\($0.key) = '\($0.value)'\n" }.joined()
    try TestProcess.output(
      ["sh", "-c", "cat > \"$0\"", data + "/postgresql.auto.conf"], input: .bytes(Array(lines.utf8)), user: serverUser)
  }

  /// A copy of the server's program with a directory of extensions of its own: PostgreSQL looks for its files from where
  /// its program is.
  private static func makeServer(_ directory: String, _ files: [String: String]) throws -> String {
    let script = """
      set -e; program=$(readlink -f "$0postgres"); share=$("$0pg_config" --sharedir); library=$("$0pg_config" --pkglibdir)
      mkdir -p "$1/server$(dirname "$program")" "$1/server$share/extension" "$1/server$(dirname "$library")"
      cp "$program" "$1/server$program"; ln -s "$library" "$1/server$library"
      for file in "$share"/*; do [ -e "$1/server$share/$(basename "$file")" ] || ln -s "$file" "$1/server$share/"; done
      ln -s "$share"/extension/* "$1/server$share/extension/"; echo "$1/server$program"; echo "$1/server$share/extension"
      """
    let places = String(
      decoding: try TestProcess.output(["sh", "-c", script, programs, directory], user: serverUser, directory: "/"),
      as: UTF8.self
    ).split(separator: "\n").map(String.init)
    guard let program = places.first, let extensions = places.last, places.count == 2 else {
      throw RecoverError(.unreachable, "the server could not be copied: \(places)")
    }
    for (name, content) in files {
      try TestProcess.output(
        ["tee", "\(extensions)/\(name)"], input: .bytes(Array(content.utf8)), user: serverUser, directory: "/")
    }
    return program
  }

  static func startServer(data: String, program: String? = nil) throws {
    do {
      let own = program.map { ["-p", $0] } ?? []
      try asServer(["pg_ctl", "--wait", "--timeout=60", "--pgdata=\(data)", "--log=\(data)/../log"] + own + ["start"])
    } catch {
      let log = (try? TestProcess.run(["tail", "-n", "20", data + "/../log"]).outputText) ?? ""
      throw RecoverError(.unreachable, "the scratch server did not start:\n\(log)", underlying: error)
    }
  }
}

/// A shell that waits for our end (its standard input is a socket whose other end only we hold), then stops the server of a
/// directory and removes it.
private final class Guardian: Sendable {
  private let end: Mutex<Int32>
  private let process: Mutex<TestProcess>

  init(directory: String) throws {
    var ends: [Int32] = [-1, -1]
    // Not pipe(2): without close-on-exec from the start, a server started meanwhile would keep it open.
    let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard unsafe socketpair(AF_UNIX, kind, 0, &ends) == 0 else {
      throw RecoverError.system(.unreachable, "can't make a pair of sockets")
    }
    defer { close(ends[0]) }
    let script = """
      trap '' INT TERM HUP; read -r unused
      [ -f "$1/data/postmaster.pid" ] && "$0pg_ctl" --pgdata="$1/data" --mode=immediate --wait stop
      rm -rf "$1"
      """
    let process = try TestProcess(
      ["sh", "-c", script, ScratchPostgres.programs, directory], input: .descriptor(ends[0]),
      user: ScratchPostgres.serverUser, directory: "/")
    end = Mutex(ends[1])
    self.process = Mutex(process)
  }

  /// Cleans up now and waits for it; a second call does nothing.
  func clean() {
    let descriptor = end.withLock { held in
      defer { held = -1 }
      return held
    }
    guard descriptor >= 0 else { return }
    close(descriptor)
    process.withLock { _ = $0.wait() }
  }
}
