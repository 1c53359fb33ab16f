internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport

/// A small world around the real binary: a git repository with build and deploy scripts, a service made of files, a health
/// check that looks at what is deployed, a policy and a state directory; all of it gone afterwards.
///
/// What a release is says its file `version`: `broken` can't be built, `nodeploy` can't be deployed, `sick` is unhealthy.
final class ReleaseLab {
  enum Strategy: String, CaseIterable { case checkout, worktree }

  let directory: String
  let strategy: Strategy

  /// - Parameters:
  ///   - releases: the versions that are committed to main, in their order.
  ///   - extra: further lines about the deployment, indented by four.
  init(_ releases: [String], strategy: Strategy = .checkout, extra: String = "", hasServices: Bool = true) throws {
    self.strategy = strategy
    var template = Array("/tmp/recover-release-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw RecoverError.system(.unreachable, "can't make a directory") }
    directory = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    try TestProcess.output(["git", "init", "--quiet", "--initial-branch=main", "\(directory)/app"])
    try git("config", "user.name", "Test")
    try git("config", "user.email", "test@example.org")
    try write(Self.build, to: "app/build.sh", mode: "755")
    try write(deploy, to: "app/deploy.sh", mode: "755")
    try write("built\n", to: "app/.gitignore")
    try write(health, to: "health.sh", mode: "755")
    for release in releases { try commit(release) }
    try write("", to: "running")
    try write("0", to: "deployed")
    try write(policy(extra, hasServices), to: "policies/environment.yaml")
  }

  deinit { _ = try? TestProcess.run(["rm", "-rf", directory, "\(directory).kept"]) }

  /// Keeps everything as it is for ``restore()``, which is much cheaper than another lab, and has the same paths.
  func keep() throws { try TestProcess.output(["cp", "-a", directory, "\(directory).kept"]) }

  func restore() throws {
    try TestProcess.output(["sh", "-c", "rm -rf '\(directory)' && cp -a '\(directory).kept' '\(directory)'"])
  }

  private static let build = """
    #!/bin/sh
    echo "building $(cat version)"
    test "$(cat version)" != broken || { echo "error: it does not compile, password=canary"; exit 1; }
    cp version built
    """

  private var deploy: String {
    """
    #!/bin/sh
    echo "deploying $(cat built) for $RECOVER_RELEASE after $RECOVER_RELEASE_BEFORE"
    test "$(cat built)" = "$(cat version)" || { echo "not built"; exit 1; }
    test "$(cat built)" != nodeploy || { echo half > \(directory)/deployed; exit 7; }
    cp built \(directory)/deployed
    echo "deploy $(cat built)" >> \(directory)/events
    """
  }

  private var health: String {
    """
    #!/bin/sh
    test -f \(directory)/running || exit 1
    case $(cat \(directory)/deployed) in sick|half) exit 1;; esac
    """
  }

  private func policy(_ extra: String, _ hasServices: Bool) -> String {
    """
    version: 1
    environment: development
    deployments:
      app:
        repository: \(directory)/app
    \(strategy == .worktree ? "    strategy: worktree\n    releases: \(directory)/releases" : "    strategy: checkout")
        build: ./build.sh
        deploy: ./deploy.sh
    \(hasServices ? "    services: [app]" : "    services: []")
        health: [app]
    \(extra)
    services:
      app:
        command:
          start: "touch \(directory)/running && echo start >> \(directory)/events"
          stop: "rm -f \(directory)/running && echo stop >> \(directory)/events"
          status: "test -f \(directory)/running || exit 3"
    health:
      app: {command: {run: \(directory)/health.sh}, every: 10ms, within: 300ms, passes: 2}
    """
  }
}

extension ReleaseLab {
  @discardableResult
  func git(_ words: String...) throws -> String {
    var text = String(decoding: try TestProcess.output(["git", "-C", "\(directory)/app"] + words), as: UTF8.self)
    while text.last?.isNewline == true { text.removeLast() }
    return text
  }

  /// Commits a version to main.
  @discardableResult
  func commit(_ version: String) throws -> String {
    try write(version, to: "app/version")
    // A file that this release alone has.
    try write(version, to: "app/notes/\(version).txt")
    try git("add", "--all")
    try git("commit", "--quiet", "-m", "release \(version)")
    return try git("rev-parse", "HEAD")
  }

  func write(_ text: String, to name: String, mode: String = "644") throws {
    let path = "\(directory)/\(name)"
    let folder = path.split(separator: "/").dropLast().joined(separator: "/")
    try TestProcess.output(["mkdir", "-p", "/" + folder])
    try TestProcess.output(["tee", path], input: .bytes(Array(text.utf8)))
    try TestProcess.output(["chmod", mode, path])
  }

  func read(_ name: String) throws -> String {
    var text = String(decoding: try TestProcess.output(["cat", "\(directory)/\(name)"]), as: UTF8.self)
    while text.last?.isNewline == true { text.removeLast() }
    return text
  }

  func exists(_ name: String) -> Bool { unsafe access("\(directory)/\(name)", F_OK) == 0 }

  /// The services' and deployments' story so far.
  func events() throws -> [String] {
    exists("events") ? try read("events").split(separator: "\n").map(String.init) : []
  }

  func start(
    _ arguments: [String], environment: [String: String] = [:], state: String = "state"
  ) throws -> TestProcess {
    try TestProcess(
      [RecoverLab.binary] + arguments + ["--state", "\(directory)/\(state)", "--policy", "\(directory)/policies"],
      environment: environment, directory: directory)
  }

  @discardableResult
  func recover(
    _ arguments: [String], environment: [String: String] = [:], state: String = "state"
  ) throws -> TestProcess.Result {
    try start(arguments, environment: environment, state: state).result()
  }

  /// What a run must leave as it was, or bring back: what is deployed and runs, and what is checked out, to the byte.
  func fingerprint() throws -> [String] {
    let link = strategy == .worktree && exists("releases/current") ? try readLink("releases/current") : ""
    return [
      "deployed \(try read("deployed"))", "running \(exists("running"))", "link \(link)",
      try git("status", "--porcelain=v2", "--branch", "--untracked-files=all"), try git("diff", "HEAD"),
      try git("diff", "--cached"), try git("stash", "list", "--format=%gs"),
    ]
  }

  private func readLink(_ name: String) throws -> String {
    var text = String(decoding: try TestProcess.output(["readlink", "\(directory)/\(name)"]), as: UTF8.self)
    while text.last?.isNewline == true { text.removeLast() }
    return text
  }
}
