import RecoverBase
import RecoverCore
import RecoverPolicy
import Testing

@Suite("Policy parser")
struct PolicyParserTests {
  static func environment(_ text: String) throws -> Policy {
    try PolicyParser.environment(text, file: "environment.yaml", directory: "/srv/app/policies")
  }

  @Test("the smallest policy has every default")
  func smallest() throws {
    let policy = try Self.environment("version: 1\nenvironment: staging\n")
    #expect(policy == Policy(environment: .staging))
  }

  @Test("the shipped example is read with all that it says")
  func example() throws {
    let policy = try Self.environment(try ShippedPolicies.text("environment.example.yaml"))
    #expect(policy.environment == .production)
    #expect(policy.repository == "/srv/app/backups")
    let database = try policy.database(named: "reflexion")
    #expect(database.url == "postgres://reflexion@127.0.0.1:5432/reflexion")
    #expect(database.services == ["app"] && database.health == ["app-http", "app-db"])
    #expect(database.keepPrevious == .seconds(7 * 86_400) && database.keepFailed == .seconds(3 * 86_400))
    #expect(database.freeDisk == ByteCount(40_000_000_000))
    #expect(database.assertions == [.init(name: "users exist", sql: "SELECT count(*) > 0 FROM users")])
    #expect(database.afterRestore.map(\.name) == ["forget sessions", "flush the cache"])
    #expect(database.afterRestore[0].action == .sql("DELETE FROM sessions"))
    #expect(database.afterRestore[1].timeout == .seconds(30))
    #expect(
      try policy.service(named: "app").control
        == .compose(.init(files: ["/srv/app/docker-compose.yml"], project: "reflexion", service: "reflexion-app")))
    #expect(
      try policy.healthCheck(named: "cache").probe == .tcp(.init(host: "127.0.0.1", port: 6379)))
    #expect(try policy.tree(named: "data").owner == "1000:1000")
    #expect(try policy.deployment(named: "reflexion").repository == "/srv/app")
  }

  @Test("texts that YAML 1.1 would change stay texts")
  func traps() throws {
    let policy = try Self.environment(
      """
      version: 1
      environment: development
      health:
        no: {tcp: {host: no, port: 1}}
        off: {command: {run: [echo, no, 12:30, 0x10, 1e3, true, null, ~], environment: {A: no, B: 12:30, C: 010}}}
      """)
    #expect(try policy.healthCheck(named: "no").probe == .tcp(.init(host: "no", port: 1)))
    guard case .command(let probe) = try policy.healthCheck(named: "off").probe else {
      Issue.record("not a command")
      return
    }
    #expect(probe.run == .arguments(["echo", "no", "12:30", "0x10", "1e3", "true", "null", "~"]))
    #expect(probe.environment == ["A": "no", "B": "12:30", "C": "010"])
  }

  @Test("paths start from the root, which starts from the file's directory")
  func paths() throws {
    let policy = try Self.environment(
      """
      version: 1
      environment: development
      root: ../../live/./
      repository: ../backups//db
      trees: {a: {path: /absolute/../path}, b: {path: .}}
      services: {s: {command: {start: a, stop: b, status: c}}}
      """)
    #expect(policy.repository == "/srv/backups/db")
    #expect(policy.trees.mapValues(\.path) == ["a": "/path", "b": "/srv/live"])
    guard case .command(let control) = try policy.service(named: "s").control else { return }
    #expect(control.workingDirectory == "/srv/live")
  }

  @Test("one value stands for a list of one")
  func oneOrMany() throws {
    let policy = try Self.environment(
      """
      version: 1
      environment: development
      services:
        a: {compose: {file: one.yml, service: s}}
        b: {compose: {file: [one.yml, two.yml], service: s}}
      health:
        a: {http: {url: "http://h", status: 204}}
        b: {http: {url: "http://h", status: [200, 204]}}
      """)
    guard case .compose(let one) = try policy.service(named: "a").control,
      case .compose(let many) = try policy.service(named: "b").control,
      case .http(let single) = try policy.healthCheck(named: "a").probe,
      case .http(let several) = try policy.healthCheck(named: "b").probe
    else {
      Issue.record("a wrong kind")
      return
    }
    #expect(one.files == ["/srv/app/one.yml"] && many.files.count == 2)
    #expect(single.statuses == [204] && several.statuses == [200, 204])
  }

  @Test("a procedure keeps the order of its steps, their parameters and their places")
  func procedure() throws {
    let procedure = try PolicyParser.procedure(
      """
      procedure: mine
      description: Does it.
      steps:
        - {id: one, uses: shell, with: {run: "echo 1", retries: 3, deep: {a: [1, no, 2.5, null, true]}}}
        - id: two
          uses: sql
          retry: {attempts: 5, max-backoff: 1m}
          timeout: 10s
          deadline: 1h
          on-exhausted: pause
      """, file: "mine.yaml")
    #expect(procedure.name == "mine" && procedure.summary == "Does it.")
    #expect(procedure.steps.map(\.id) == ["one", "two"])
    #expect(
      procedure.steps[0].with == ["run": "echo 1", "retries": 3, "deep": ["a": [1, "no", .number(2.5), nil, true]]])
    #expect(procedure.steps[0].places.parameters["retries"]?.description == "mine.yaml:4:50")
    #expect(procedure.steps[1].retry == RetryPolicy(attempts: 5, maxBackoff: .seconds(60)))
    #expect(procedure.steps[1].timeout == .seconds(10) && procedure.steps[1].deadline == .seconds(3600))
    #expect(procedure.steps[1].onExhausted == .pause)
    #expect(procedure.steps[1].places.uses?.description == "mine.yaml:6:11")
  }
}
