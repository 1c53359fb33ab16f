internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport

/// A small world around `recover files`: a live directory with a service, and an archive that GNU tar made.
///
/// In `srv` there are `data` and `state` (a file), which the archive replaces, and what it does not name; the archive has
/// `logs` and `VERSION` as well. `data` is a tree of the policy.
final class FilesScene {
  let directory: String

  init(at place: String? = nil, stop: String = "", start: String = "") throws {
    var template = Array("/tmp/recover-scene-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw RecoverError.system(.unreachable, "can't make a directory") }
    directory = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    try shell(Self.making)
    // What the crash tests compare with.
    try shell("cp -a srv old")
    if let place { try shell("mv srv \(place)/srv; ln -s \(place)/srv srv") }
    try shell(
      """
      mkdir policies; cat > policies/environment.yaml <<END
      version: 1
      environment: development
      trees:
        data: {path: \(directory)/srv/data, owner: "7:8", services: [app], health: [app], keep-previous: 1h}
      services:
        app:
          command:
            start: "\(start)touch \(directory)/app.running"
            stop: "rm -f \(directory)/app.running\(stop)"
            status: "test -f \(directory)/app.running || exit 3"
      health:
        app: {command: {run: "test -f \(directory)/healthy"}, every: 50ms, within: 300ms}
      END
      touch app.running healthy
      """)
  }

  private static let making = """
    mkdir -p srv/data/old srv/.git new/data/sub new/logs
    printf before > srv/data/a; printf gone > srv/data/old/b; printf 1 > srv/state; printf keep > srv/compose.yml
    printf after > new/data/a; printf s > new/data/sub/s; ln -s a new/data/soft; ln new/data/a new/data/hard
    printf log > new/logs/l; printf 2 > new/state; printf v2 > new/VERSION
    find new -exec touch -h -d @2000000 {} +
    chmod 750 new/data; chmod 640 new/data/a; touch -d @1000000 new/data/sub/s new/data/sub
    if [ "$(id -u)" = 0 ]; then chown 5:6 new/data/a; fi
    touch -d @7 srv/data/a srv/data srv/state
    tar -C new -czf backup.tar.gz ./data ./logs ./state ./VERSION
    """

  deinit { _ = try? TestProcess.run(["rm", "-rf", directory]) }

  @discardableResult
  func shell(_ script: String) throws -> String {
    String(decoding: try TestProcess.output(["sh", "-ec", script], directory: directory), as: UTF8.self)
  }

  func recover(
    _ arguments: [String], environment: [String: String] = [:], state: String = "state"
  ) throws -> TestProcess.Result {
    try TestProcess(
      [RecoverLab.binary] + arguments + ["--state", "\(directory)/\(state)", "--policy", "\(directory)/policies"],
      environment: environment, directory: directory
    ).result()
  }

  /// Restores the archive into the live directory.
  func restore(_ more: [String] = ["--yes"], environment: [String: String] = [:]) throws -> TestProcess.Result {
    try recover(["files", "--from", "backup.tar.gz", "--to", "srv/"] + more, environment: environment)
  }

  /// Everything about a directory but what is recover's own, and the directory's own time.
  func picture(_ path: String = "srv/") throws -> [String] {
    try shell(
      """
      cd \(path)
      find . -mindepth 1 ! -path './.recover-*' -printf '%p %y %m %U:%G %T@ %n %l\\n' | LC_ALL=C sort
      find . -mindepth 1 -type f ! -path './.recover-*' -exec sha256sum {} + | LC_ALL=C sort -k 2
      """
    ).split(separator: "\n").map(String.init)
  }

  /// What recover left in the live directory: its directories, by name, without the run's.
  func leftovers() throws -> [String] {
    try shell("ls -A srv/ | grep '^[.]recover-' || true").split(separator: "\n").map(String.init)
  }

  func exists(_ name: String) -> Bool { unsafe access("\(directory)/\(name)", F_OK) == 0 }

  static let names = ["data", "state", "logs", "VERSION"]
}
