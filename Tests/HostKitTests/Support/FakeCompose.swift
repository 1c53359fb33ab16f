internal import RecoverBase

@testable internal import HostKit

/// Programs that stand for Compose and its engine, and keep one service's state in a file.
///
/// No engine runs where these tests do, so they prove the command lines and the reading of the answers, and
/// not that a real Compose takes and gives them; its forms are those of the versions named below.
struct FakeCompose: Sendable {
  let scratch: Scratch

  enum Kind: String, CaseIterable, Sendable {
    /// docker with the Compose plugin, 2.21 and later: a JSON object a line.
    case plugin
    /// docker-compose 2.17: a JSON array.
    case standalone
    /// docker-compose 1.29, with `docker inspect`.
    case python
    /// podman-compose 1.0, with `podman inspect`.
    case podman

    var program: String {
      switch self {
      case .plugin: "docker compose"
      case .standalone, .python: "docker-compose"
      case .podman: "podman-compose"
      }
    }
  }

  /// Puts the programs of a kind into `bin`.
  init(_ kinds: [Kind], in scratch: Scratch) throws {
    self.scratch = scratch
    try? scratch.makeDirectory("bin")
    try scratch.write("calls", "")
    for kind in kinds {
      switch kind {
      case .plugin:
        try install(
          "docker", "case $1 in compose) shift;; *) exit 1;; esac\nversion=2.24.5 form=lines\n" + Self.compose)
      case .standalone: try install("docker-compose", "version=2.17.3 form=array\n" + Self.compose)
      case .python:
        try install("docker-compose", "version=1.29.2 form=ids\n" + Self.compose)
        try install("docker", Self.inspect)
      case .podman:
        try install("podman-compose", "version='podman-compose version 1.0.3' form=ids\n" + Self.compose)
        try install("podman", Self.inspect)
      }
    }
  }

  /// `absent`, or an engine's word and an exit code; `deaf` is one that a stop does not end.
  func set(_ state: String) throws { try scratch.write("state", state) }

  /// What was called since the last time, but the questions for the version.
  func calls() throws -> [String] {
    let calls = try scratch.read("calls").split(separator: "\n").map(String.init)
    try scratch.write("calls", "")
    return calls.filter { !$0.contains(" version") }
  }

  var environment: [String: String] { ["PATH": scratch.file("bin")] }

  func service(
    _ service: String = "reflexion-app", orders: ComposeOrders = ComposeOrders(), stop: Duration = .seconds(60)
  ) -> ComposeService {
    ComposeService(
      name: "app",
      project: ComposeProject(
        files: ["/srv/docker-compose.yml", "/srv/override.yml"], name: "demo", directory: scratch.path,
        environment: environment),
      service: service, orders: orders, locator: ComposeLocator(environment: environment),
      limits: ServiceLimits(stop: stop, every: .milliseconds(10)))
  }

  private func install(_ name: String, _ body: String) throws {
    let prologue = """
      #!/bin/sh
      PATH=/usr/bin:/bin; cd '\(scratch.path)'; state=$(cat state)
      echo "$(basename $0) $*" >> calls

      """
    try scratch.write("bin/\(name)", prologue + body, mode: 0o755)
  }

  private static let compose = """
    while :; do case $1 in -f|-p) shift 2;; *) break;; esac; done
    word=${state% *} code=${state##* }
    case $1 in
    version) echo "$version";;
    config) echo db; echo reflexion-app;;
    start) test "$state" != absent || { echo 'no container to start' >&2; exit 1; }; echo running 0 > state;;
    up) echo running 0 > state;;
    stop) test "$word" != deaf || sleep 60; echo exited 137 > state;;
    kill) echo exited 137 > state;;
    rm) echo absent > state;;
    logs) echo "reflexion-app_1  | it says why";;
    ps)
      echo 'a warning' >&2
      test "$state" != absent || { test $form = array && echo '[]'; exit 0; }
      one='{"Service":"db","Name":"demo-db-1","State":"running","ExitCode":0,"Health":""}'
      two='{"Service":"reflexion-app","Name":"demo-reflexion-app-1","State":"'$word'","ExitCode":'$code',"Health":""}'
      # What somebody ran once and left behind.
      old='{"Service":"reflexion-app","Name":"demo-reflexion-app-run-8d2f7c0a91be","State":"exited","ExitCode":1}'
      case "$form $*" in
      'lines ps --all --format json') echo "$one"; echo "$two"; echo "$old";;
      'array ps --all --format json') echo "[$one,$two,$old]";;
      'ids ps -q') echo 0123456789abcdef; echo fedcba9876543210; echo 00112233445566;;
      *) echo "unknown arguments $*" >&2; exit 1;;
      esac;;
    *) echo "unknown command $1" >&2; exit 1;;
    esac
    """

  private static let inspect = """
    word=${state% *} code=${state##* }
    case "$*" in
    'ps --all --quiet --no-trunc --filter label=com.docker.compose.project=demo')
      test "$state" = absent || { echo 0123456789abcdef; echo fedcba9876543210; echo 00112233445566; };;
    'ps --all --quiet --no-trunc --filter label=com.docker.compose.project=demo --filter label=com.docker.compose.service=reflexion-app')
      echo 00112233445566;;
    'rm --force 00112233445566') echo absent > state;;
    'inspect --type container --format [{{json .State}},{{json .Config.Labels}}] 0123456789abcdef fedcba9876543210 00112233445566')
      echo '[{"Status":"exited","ExitCode":1},{"com.docker.compose.service":"reflexion-app","com.docker.compose.oneoff":"True"}]'
      echo '[{"Status":"running","ExitCode":0},{"com.docker.compose.service":"db","com.docker.compose.project":"demo"}]'
      echo '[{"Status":"'$word'","ExitCode":'$code'},{"com.docker.compose.service":"reflexion-app"}]';;
    *) echo "unknown arguments $*" >&2; exit 1;;
    esac
    """
}
