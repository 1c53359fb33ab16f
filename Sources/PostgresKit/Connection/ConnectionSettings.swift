package import RecoverBase

/// Where and how to connect: the options of libpq (PostgreSQL, "Parameter Key Words"), parsed by libpq itself.
///
/// What is not given here comes from the environment, the service file and the password file when connecting, as
/// for every program that uses libpq. Passwords are kept apart and appear in no description.
package struct ConnectionSettings: Sendable, Hashable {
  /// Every option but the secret ones, by libpq's key word.
  package private(set) var options: [String: String]
  private var secrets: [String: Secret]

  init(options: [String: String], secrets: [String: Secret]) {
    self.options = options
    self.secrets = secrets
  }

  /// Settings from their parts; what is nil is left to libpq.
  package init(
    host: String? = nil, port: Int? = nil, user: String? = nil, database: String? = nil, password: Secret? = nil
  ) {
    options = [:]
    secrets = [:]
    options["host"] = host
    options["port"] = port.map(String.init)
    options["user"] = user
    options["dbname"] = database
    secrets["password"] = password
  }

  /// Settings from a section of the service file (`~/.pg_service.conf`, `PGSERVICEFILE`).
  package init(service: String) {
    options = ["service": service]
    secrets = [:]
  }
}

extension ConnectionSettings {
  /// The host or the directory of the socket as it was given; several with commas between.
  package var host: String? { options["host"] }
  package var port: String? { options["port"] }
  package var user: String? { options["user"] }
  package var database: String? { options["dbname"] }
  package var hasPassword: Bool { secrets["password"] != nil }
  /// The password, for settings that are built anew from a text without it.
  package var password: Secret? { secrets["password"] }

  /// What the server shows in pg_stat_activity: `recover/<run>/<epoch>`.
  package var applicationName: String? { options["application_name"] }

  /// The same settings for another database of the same server.
  package func replacing(database: String) -> ConnectionSettings { setting("dbname", to: database) }

  /// The same settings with another password.
  package func replacing(password: Secret?) -> ConnectionSettings {
    var copy = self
    copy.secrets["password"] = password
    return copy
  }

  /// The same settings without any secret.
  package func forgettingSecrets() -> ConnectionSettings { ConnectionSettings(options: options, secrets: [:]) }

  /// The same settings with an application name.
  ///
  /// The server keeps 63 bytes and shows what is not printable ASCII as `?` or `\x..`; so it is cut and cleaned here.
  package func replacing(applicationName name: String) -> ConnectionSettings {
    let bytes = name.utf8.prefix(63).map { (0x20...0x7e).contains($0) ? $0 : UInt8(ascii: "?") }
    return setting("application_name", to: String(decoding: bytes, as: UTF8.self))
  }

  /// The same settings with one option set, or with nil left to libpq; not for passwords.
  package func setting(_ keyword: String, to value: String?) -> ConnectionSettings {
    precondition(!Self.secretKeywords.contains(keyword), "passwords are set with replacing(password:)")
    var copy = self
    copy.options[keyword] = value
    return copy
  }

  /// The options that libpq marks as not to be shown.
  static let secretKeywords: Set<String> = ["password", "sslpassword"]

  /// What is handed to libpq: key words and values, the defaults for noticing a dead server among them.
  ///
  /// They are left out where a service could set them, since what is given here would win over it.
  func connectingPairs(environment hasService: Bool) -> [(keyword: String, value: String)] {
    var pairs = options
    if options["service"] == nil && !hasService {
      let defaults = [
        "keepalives_idle": "30", "keepalives_interval": "10", "keepalives_count": "3", "tcp_user_timeout": "60000",
      ]
      pairs.merge(defaults) { chosen, _ in chosen }
    }
    // Our strings are UTF-8, whatever the environment says.
    pairs["client_encoding"] = "UTF8"
    pairs["fallback_application_name"] = pairs["fallback_application_name"] ?? "recover"
    for (keyword, secret) in secrets { pairs[keyword] = secret.reveal() }
    return pairs.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }
}
