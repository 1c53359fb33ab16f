import RecoverBase
import RecoverCore
import RecoverPolicy
import Testing

/// A policy with one mistake, and what is said about it.
struct Mistake: Sendable, CustomTestStringConvertible {
  /// What follows the two lines that every environment file has.
  var text: String
  /// Line, column and message of each error.
  var errors: [String]
  var hint: String?

  var testDescription: String { errors.first ?? text }

  init(_ text: String, _ errors: String..., hint: String? = nil) {
    self.text = text
    self.errors = errors
    self.hint = hint
  }
}

@Suite("Errors of environment files")
struct PolicyErrorTests {
  static func diagnostics(_ text: String) -> [PolicyDiagnostic] {
    let error = #expect(throws: RecoverError.self) {
      try PolicyParser.environment(text, file: "e", directory: "/srv/policies")
    }
    #expect(error?.code == .policyInvalid)
    return (error?.underlying as? PolicyDiagnostics)?.entries ?? []
  }

  static let structure: [Mistake] = [
    Mistake(
      "databses: {}", "e:3:1: unknown key `databses`", hint: "did you mean `databases`?"),
    Mistake(
      "databases: {a: {url: \"postgres://h/d\", keep-previos: 7d}}",
      "e:3:40: unknown key `keep-previos` in `databases.a`", hint: "did you mean `keep-previous`?"),
    Mistake(
      "trees: {a: {path: x, colour: red}}", "e:3:22: unknown key `colour` in `trees.a`",
      hint: "the keys there are `path`, `owner`, `modes`, `services`, `health`, `keep-previous`, `keep-failed`"),
    Mistake(
      "databases:\n  a: {services: []}", "e:4:6: `databases.a` lacks the key `url`",
      hint: "url: How to connect, without a password."),
    Mistake("databases: [a]", "e:3:12: `databases` must be a mapping of names"),
    Mistake(
      "databases:\nservices: {}", "e:3:11: `databases` has no value",
      hint: "give it a mapping of names, or delete the key"),
    Mistake("databases: {a: b}", "e:3:16: `databases.a` must be a mapping"),
    Mistake(
      "services: {a: {}}", "e:3:15: `services.a` needs one of `command`, `compose`, `systemd`, `process`"),
    Mistake(
      "health: {a: {tcp: {host: h, port: 1}, command: {run: x}}}", "e:3:39: `health.a` has both `tcp` and `command`",
      hint:
        "keep exactly one of `http`, `tcp`, `postgres`, `redis`, `tls`, `disk`, `memory`, `metric`, `command`, `all`, `any`, `weighted`"
    ),
    Mistake(
      "trees: {\"a/b\": {path: x}}", "e:3:9: a key of `trees` must be a name",
      hint: "a name has at most 63 letters, digits, `_`, `-` and `.`, and starts with neither `-` nor `.`"),
    Mistake(
      "version: 1", "e:1:1: `version` is there twice in the same mapping",
      hint: "the second one is further down; keep one of them"),
    Mistake(
      "trees: {a: {path: &p x}, b: {path: *p}}", "e:3:19: anchors and aliases are not read",
      hint: "write the value out where it is used"),
    Mistake("trees: {a: &t {path: x}}\ndeployments: {}", "e:3:12: anchors and aliases are not read"),
    Mistake("repository: !!int x", "e:3:13: tags are not read", hint: "delete what starts with `!`"),
    Mistake("trees: {[a]: b}", "e:3:9: a key must be a text"),
    Mistake("trees: {a: {path: *p}}", "e:3:19: not YAML: found undefined alias"),
    Mistake("---\nversion: 1", "e:3:1: not YAML expected a single document in the stream: but found another document"),
    Mistake("trees: {", "e:4:1: not YAML while parsing a flow node: did not find expected node content"),
    Mistake(
      "trees:\n\t- a", "e:4:1: not YAML while scanning for the next token: found character that cannot start any token"),
  ]

  static let values: [Mistake] = [
    Mistake(
      "health: {a: {tcp: {host: h, port: 1}, every: 1}}",
      "e:3:46: `health.a.every` must be a duration such as `500ms`, `90s`, `1h30m` or `7d`",
      hint: "did you mean `1s`?"),
    Mistake(
      "health: {a: {tcp: {host: h, port: 1}, every: 0s}}", "e:3:46: `health.a.every` must be at least 1ms"),
    Mistake(
      "trees: {a: {path: x, keep-previous: seven days}}",
      "e:3:37: `trees.a.keep-previous` must be a duration such as `500ms`, `90s`, `1h30m` or `7d`"),
    Mistake(
      "health: {a: {tcp: {host: h, port: 1}, every: 10s, within: 20s, passes: 3}}",
      "e:3:59: `health.a.within`: 3 passes every 10s never fit within 20s", hint: "give it more than 20s"),
    Mistake(
      "health: {a: {tcp: {host: h, port: 70000}}}",
      "e:3:35: `health.a.tcp.port` must be a whole number from 1 to 65535"),
    Mistake(
      "health: {a: {tcp: {host: h, port: \"80\"}}}",
      "e:3:35: `health.a.tcp.port` must be a whole number from 1 to 65535", hint: "write it without quotes"),
    Mistake(
      "databases: {a: {url: \"postgres://h/d\", free-disk: lots}}",
      "e:3:51: `databases.a.free-disk` must be a size such as `20 GB` or `512 MiB`"),
    Mistake(
      "databases: {a: {url: \"postgres://h/d\", serve: readonly}}",
      "e:3:47: `databases.a.serve` must be one of `none`, `read-only`, `all`", hint: "did you mean `read-only`?"),
    Mistake(
      "trees: {a: {path: ~/data}}", "e:3:19: `trees.a.path` starts with `~`, which only a shell reads",
      hint: "write the whole path"),
    Mistake("trees: {a: {path: ~}}", "e:3:19: `trees.a.path` has no value", hint: "give it a path, or delete the key"),
    Mistake("trees: {a: {path: \"\"}}", "e:3:19: `trees.a.path` must not be empty"),
    Mistake("trees: {a: {path: \"a\\0b\"}}", "e:3:19: `trees.a.path` has a line break or control character"),
    Mistake(
      "trees: {a: {path: x, owner: root}}", "e:3:29: `trees.a.owner` must be an owner such as `1000:1000`",
      hint: "write it as `USER:GROUP`, in quotes"),
    Mistake(
      "trees: {a: {path: x, modes: 640}}", "e:3:29: `trees.a.modes` must be a change of modes such as `u=rwX,g=rX,o=`",
      hint: "write it as chmod takes it, in letters: one number can't be right for files and directories"),
    Mistake(
      "services: {a: {command: {start: [], stop: {}, status: x}}}",
      "e:3:33: `services.a.command.start` must not be empty",
      "e:3:43: `services.a.command.stop` must be a command: a text for the shell, or a list of arguments"),
    Mistake(
      "databases: {a: {url: \"postgres://h/d\", after-restore: [{name: x, sql: y, undo: z}]}}",
      "e:3:80: `databases.a.after-restore[0].undo`: `undo` goes with `shell`, not with `sql`"),
    Mistake(
      "databases: {a: {url: \"postgres://h/d\", assertions: [{name: x, sql: y}, {name: x, sql: z}]}}",
      "e:3:72: `databases.a.assertions` has `x` twice", hint: "delete one of them"),
    Mistake(
      "databases: {a: {url: \"postgres://h/d\", services: app}}", "e:3:50: `databases.a.services` must be a list",
      hint: "write it as `[...]`"),
  ]

  static let names: [Mistake] = [
    Mistake(
      "databases: {a: {url: \"postgres://h/d\", services: [ap]}}\nservices: {app: {command: {start: a, stop: b, status: c}}}",
      "e:3:51: `databases.a.services[0]` names the service `ap`, which is not defined", hint: "did you mean `app`?"),
    Mistake(
      "trees: {a: {path: x, health: [web]}}",
      "e:3:31: `trees.a.health[0]` names the health check `web`, which is not defined", hint: "define it under `health`"
    ),
    Mistake(
      "health: {a: {postgres: {database: main}}}",
      "e:3:35: `health.a.postgres.database` names the database `main`, which is not defined",
      hint: "define it under `databases`"),
    Mistake(
      "trees: {a: {path: x, services: [s, s]}}\nservices: {s: {command: {start: a, stop: b, status: c}}}",
      "e:3:36: `trees.a.services` has `s` twice", hint: "delete one of them"),
  ]

  @Test("each mistake is reported with its place", arguments: structure + values + names)
  func mistake(_ mistake: Mistake) {
    let found = Self.diagnostics("version: 1\nenvironment: staging\n\(mistake.text)\n")
    #expect(found.map(\.description) == mistake.errors)
    if let hint = mistake.hint { #expect(found.first?.hint == hint) }
  }

  @Test("the two keys that every file has are checked")
  func head() {
    #expect(
      Self.diagnostics("{}").map(\.description) == [
        "e:1:1: the file lacks the key `version`", "e:1:1: the file lacks the key `environment`",
      ])
    #expect(Self.diagnostics("version: 2\nenvironment: staging").map(\.description) == ["e:1:10: `version` must be 1"])
    let misspelt = Self.diagnostics("version: 1\nenvironment: prod")
    #expect(
      misspelt.map(\.description) == ["e:2:14: `environment` must be one of `production`, `staging`, `development`"])
    #expect(misspelt.first?.hint == "did you mean `production`?")
    #expect(Self.diagnostics("").map(\.description) == ["e:1:1: the file is empty"])
    #expect(Self.diagnostics("[a]").map(\.description) == ["e:1:1: the file must be a mapping of keys to values"])
  }

  @Test("all errors of a file are reported at once, in reading order")
  func all() {
    let found = Self.diagnostics(
      """
      version: one
      environment: test
      databases:
        a: {ulr: x, keep-previous: 7}
      trees: {t: {path: [x]}}
      """)
    #expect(
      found.map { "\($0.place?.line ?? 0):\($0.place?.column ?? 0)" } == ["1:10", "2:14", "4:6", "4:7", "4:30", "5:19"])
  }

  @Test("a file that is too long or nested too deep is refused")
  func limits() {
    let long = "version: 1\n" + String(repeating: "# padding\n", count: 100_001)
    #expect(Self.diagnostics(long).map(\.message) == ["the file has 1000021 bytes; the most that is read is 1000000"])
    let deep = "trees: " + String(repeating: "[", count: 40) + String(repeating: "]", count: 40)
    #expect(Self.diagnostics("version: 1\n\(deep)").contains { $0.message == "nested deeper than 32 values" })
    let deepest = String(repeating: "[", count: 100_000)
    #expect(Self.diagnostics(deepest).count == 1)
  }

  @Test("aliases that multiply are refused without being followed")
  func bomb() {
    var text = "version: 1\na0: &a0 [x, x]\n"
    for level in 1...60 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
    let found = Self.diagnostics(text)
    #expect(found.count { $0.message == "anchors and aliases are not read" } == 61)
  }

  @Test(
    "a password is refused, and never shown",
    arguments: [
      "postgres://u:canary@h/d", "postgresql://u:can%61ry-canary@h:5432/d", "postgres://h/d?password=canary",
      "postgres://h/d?sslmode=require&p%61ssword=canary", "postgres://u:ca/canary@h/d", "postgres://u:c@canary@h/d",
      "postgres://u:1canary?@h/d", "canary", "postgres://u@h/d?sslpassword=canary", "POSTGRES://u:canary@h/d",
      "postgres://h/d canary", "host=h password=canary",
    ])
  func passwords(_ url: String) throws {
    let text = "version: 1\nenvironment: staging\ndatabases: {a: {url: \"\(url)\", admin-url: \"\(url)\"}}\n"
    let error = try #require(throws: RecoverError.self) {
      try PolicyParser.environment(text, file: "e", directory: "/")
    }
    #expect(error.message.hasPrefix("e:3:22: `databases.a.url` "))
    #expect(!"\(error) \(String(describing: error.underlying))".contains("canary"))
  }

  @Test(
    "URLs without a password pass",
    arguments: [
      "postgres://u@h:5432/d", "postgresql:///d?host=/run/postgresql", "postgres://h1:5432,h2:5433/d",
      "postgres://u@h/d?application_name=a@b", "postgres://h:5432/d@x", "postgres://[::1]:5432/d@x",
      "postgres://h/d?sslmode=verify-full&passfile=/x&service=y", "postgres://", "postgres://u:@h/d",
    ])
  func passable(_ url: String) throws {
    let text = "version: 1\nenvironment: staging\ndatabases: {a: {url: \"\(url)\"}}\n"
    #expect(try PolicyParser.environment(text, file: "e", directory: "/").databases["a"]?.url == url)
  }

  @Test("a syntax error does not quote the line, which may hold a secret")
  func syntax() throws {
    let error = try #require(throws: RecoverError.self) {
      try PolicyParser.environment("a: \"canary\n  b: canary: [", file: "e", directory: "/")
    }
    #expect(!"\(error) \(String(describing: error.underlying))".contains("canary"))
  }
}
