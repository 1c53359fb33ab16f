import RecoverBase
import RecoverCore
import RecoverTestSupport

/// Random policies that are right in every way.
struct PolicyGenerator {
  var random: SeededGenerator

  mutating func policy() -> Policy {
    // Few entries a case: it is the number of cases that finds what is wrong.
    let services = names(1), health = names(1), databases = random.chance(1, of: 3) ? names(1) : []
    var policy = Policy(environment: random.pick([.production, .staging, .development]))
    policy.repository = maybe { $0.path() }
    for name in services { policy.services[name] = service() }
    for name in health { policy.health[name] = check(databases) }
    if let member = health.first, random.chance(1, of: 3) {
      let rule = random.pick([HealthProbe.Group.Rule.all, .any, .atLeast(1)])
      policy.health["group"] = HealthPolicy(probe: .group(.init(rule: rule, members: [.init(check: member)])))
    }
    for name in databases { policy.databases[name] = database(services, health) }
    for name in names(1) where random.chance(1, of: 2) {
      policy.trees[name] = TreePolicy(
        path: path(), owner: maybe { "\($0.name()):\($0.name())" }, modes: maybe { _ in "u=rwX,g=rX,o=" },
        services: some(services), health: some(health),
        keepPrevious: duration(), keepFailed: duration())
    }
    for name in names(1) where random.chance(1, of: 2) {
      policy.deployments[name] = deployment(services, health)
    }
    return policy
  }

  private mutating func database(_ services: [String], _ health: [String]) -> DatabasePolicy {
    DatabasePolicy(
      url: "postgres://\(name())@localhost:5432/\(name())", adminURL: maybe { "postgresql:///\($0.name())" },
      maintenanceDatabase: maybe { $0.line() }, passwordFile: maybe { $0.path() }, publicKey: maybe { $0.path() },
      services: some(services),
      health: some(health), keepPrevious: duration(), keepFailed: duration(),
      assertions: names(2).map { .init(name: $0, sql: text()) },
      freeDisk: maybe { ByteCount($0.random.int(0...1 << 40)) },
      afterRestore: names(2).map { hook($0) }, serve: random.pick(ServeMode.allCases))
  }

  private mutating func deployment(_ services: [String], _ health: [String]) -> DeploymentPolicy {
    let strategy = random.pick(DeploymentPolicy.Strategy.allCases)
    return DeploymentPolicy(
      repository: path(), strategy: strategy, releases: strategy == .worktree ? path() : nil, remote: line(),
      track: maybe { $0.line() }, compatible: maybe { $0.command() }, build: maybe { $0.command() }, deploy: command(),
      environment: map(), buildTimeout: duration(), deployTimeout: duration(), keep: random.int(2...9),
      services: some(services), health: some(health))
  }

  private mutating func hook(_ name: String) -> HookPolicy {
    let shell = HookPolicy.ShellAction(run: command(), probe: maybe { $0.command() }, undo: maybe { $0.command() })
    return HookPolicy(name: name, action: random.chance(1, of: 2) ? .sql(text()) : .shell(shell), timeout: duration())
  }

  private mutating func service() -> ServicePolicy {
    let control: ServicePolicy.Control =
      switch random.int(0...3) {
      case 0:
        .compose(
          .init(
            files: (0..<random.int(1...2)).map { _ in path() }, project: maybe { $0.line() }, service: line(),
            start: random.chance(1, of: 2) ? .start : .recreate, stop: random.chance(1, of: 2) ? .stop : .down,
            scale: maybe { $0.random.int(1...1000) }))
      case 1: .systemd(.init(unit: line(), user: random.chance(1, of: 2)))
      case 2:
        .process(
          .init(run: command(), workingDirectory: path(), environment: map(), pidFile: path(), logFile: path()))
      default:
        .command(
          .init(start: command(), stop: command(), status: command(), workingDirectory: path(), environment: map()))
      }
    return ServicePolicy(
      control: control, startTimeout: duration(), stopTimeout: duration(), statusTimeout: duration())
  }

  private mutating func check(_ databases: [String]) -> HealthPolicy {
    let probe: HealthProbe =
      switch random.int(databases.isEmpty ? 1...8 : 0...8) {
      case 0:
        .postgres(
          .init(
            database: random.pick(databases), sql: text(), role: random.pick(HealthProbe.Postgres.Role.allCases),
            maxLag: maybe { $0.duration() }, timeout: duration()))
      case 4:
        .redis(
          .init(
            host: line(), port: random.int(1...65_535), user: maybe { $0.line() }, passwordFile: maybe { $0.path() },
            maxMemory: maybe { ByteCount($0.random.int(0...1 << 40)) }, timeout: duration()))
      case 5:
        .tls(
          .init(
            host: line(), port: random.int(1...65_535), name: maybe { $0.line() }, validFor: duration(),
            certificateFile: maybe { $0.path() }, timeout: duration()))
      case 6:
        .disk(
          .init(
            path: path(), usedPercent: random.int(1...100), inodesPercent: random.int(1...100),
            free: maybe { ByteCount($0.random.int(0...1 << 40)) }, timeout: duration()))
      case 7:
        .memory(
          .init(
            usedPercent: random.int(1...100), available: maybe { ByteCount($0.random.int(0...1 << 40)) },
            timeout: duration()))
      case 8:
        .metric(
          .init(
            url: "http://\(name()).example/metrics", name: line(),
            labels: map().mapValues { "x\($0)" }, per: maybe { .init(name: $0.line(), labels: ["status": "~5.."]) },
            rate: maybe { .milliseconds($0.random.int(1...999)) },
            threshold: random.pick(["< 1", ">= -0.5", "==7", "!= 1e3"]), timeout: duration()))
      case 1: .tcp(.init(host: line(), port: random.int(1...65_535), timeout: duration()))
      case 2:
        .http(
          .init(
            url: "https://\(name()).example/\(name())", method: random.pick(HealthProbe.HTTP.Method.allCases),
            statuses: (0..<random.int(1...2)).map { _ in random.int(100...599) }, contains: maybe { $0.text() },
            headers: map(), timeout: duration()))
      default:
        .command(.init(run: command(), workingDirectory: path(), environment: map(), timeout: duration()))
      }
    return HealthPolicy(
      probe: probe, every: .milliseconds(1), within: .seconds(1) + duration(), passes: random.int(1...9),
      flaps: maybe { $0.random.int(0...9) })
  }
}

extension PolicyGenerator {
  private mutating func maybe<Value>(_ make: (inout PolicyGenerator) -> Value) -> Value? {
    random.chance(1, of: 2) ? make(&self) : nil
  }

  private mutating func names(_ most: Int) -> [String] {
    Array(Set((0..<random.int(0...most)).map { _ in name() })).sorted()
  }

  private mutating func some(_ names: [String]) -> [String] { names.filter { _ in random.chance(1, of: 2) } }

  private static let letters = ["a", "b", "z", "_", "A", "Z", "0", "9", "n", "o"]

  private mutating func name() -> String {
    random.pick(Self.letters) + (0..<random.int(0...4)).map { _ in random.pick(Self.letters + ["-", "."]) }.joined()
  }

  private mutating func duration() -> Duration {
    .milliseconds(random.int(1...1000)) * random.pick([1, 1000, 3_600_000])
  }

  private mutating func path() -> String {
    "/" + (0..<random.int(0...2)).map { _ in name() + "x" }.joined(separator: "/")
  }

  private mutating func command() -> Invocation {
    random.chance(1, of: 2) ? .shell(text()) : .arguments((0..<random.int(1...3)).map { _ in text() })
  }

  private mutating func map() -> [String: String] {
    Dictionary((0..<random.int(0...2)).map { _ in (name(), text()) }, uniquingKeysWith: { first, _ in first })
  }

  private static let pieces = [
    "a", "Z", "7", " ", "  ", ":", ": ", " #", "#", "-", "- ", "'", "\"", "\\", "{", "}", "[", "]", ",", "&", "*", "!",
    "|",
    ">", "%", "@", "`", "?", "~", "=", "<<", "null", "no", "true", "12:30", "1e3", "é", "漢", "🎉", "\u{A0}", "\u{301}",
    "---", "...",
  ]

  private mutating func line() -> String {
    "x" + (0..<random.int(0...5)).map { _ in random.pick(Self.pieces) }.joined()
  }

  /// Never empty; may have lines, tabs and spaces at either end.
  private mutating func text() -> String {
    let pieces = Self.pieces + ["\n", "\n", "\n\n", "\t", "\n  "]
    return (0..<random.int(1...8)).map { _ in random.pick(pieces) }.joined()
  }
}
