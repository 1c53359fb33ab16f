internal import RecoverBase

/// How git is called: with nothing of the caller's surroundings that could change what it does.
///
/// - No prompt (`GIT_TERMINAL_PROMPT=0`, ssh in batch mode, stdin empty), no pager, no editor, untranslated messages.
/// - `GIT_DIR`, `GIT_INDEX_FILE` and their like of the caller are dropped, or a run from within a hook would act on
///   another repository. What says how to reach remotes (`GIT_SSH_COMMAND`, `GIT_ASKPASS`, `GIT_SSL_*`) stays.
/// - Hooks do not run: what a release needs is in its build and deploy commands, and a hook of somebody's work tree
///   that fails or asks would be met in an incident for the first time.
/// - The repository is the one that is named: none above it is looked for (`GIT_CEILING_DIRECTORIES`).
/// - Whose it is does not matter (`safe.directory`): a policy names it, and its commands run as this user anyway.
enum GitCommand {
  static let program = "git"

  /// The command for some words in a directory.
  static func make(_ words: [String], in directory: String) -> Command {
    var command = Command([program] + settings + words, environment: environment(directory), directory: directory)
    command.withoutVariables = Set(ChildEnvironment.inherited.keys.filter(isDropped))
    return command
  }

  private static let settings = [
    "core.hooksPath=/dev/null", "core.fsmonitor=false", "core.quotePath=false", "advice.detachedHead=false",
    "safe.directory=*", "color.ui=false", "gc.auto=0", "maintenance.auto=false", "submodule.recurse=false",
    "status.relativePaths=false", "log.showSignature=false", "core.editor=true",
  ].flatMap { ["-c", $0] }

  private static func environment(_ directory: String) -> [String: String] {
    var variables = [
      "GIT_TERMINAL_PROMPT": "0", "GIT_PAGER": "cat", "GIT_EDITOR": "true", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C",
      "GIT_CEILING_DIRECTORIES": parent(of: directory),
    ]
    if ChildEnvironment.inherited["GIT_SSH_COMMAND"] == nil, ChildEnvironment.inherited["GIT_SSH"] == nil {
      variables["GIT_SSH_COMMAND"] = "ssh -o BatchMode=yes"
    }
    return variables
  }

  private static func parent(of directory: String) -> String {
    "/" + directory.split(separator: "/").dropLast().joined(separator: "/")
  }

  /// Variables of git's own, but for those that say how remotes are reached and where the user's settings are.
  private static func isDropped(_ name: String) -> Bool {
    let kept = [
      "GIT_SSH", "GIT_SSL_", "GIT_ASKPASS", "GIT_HTTP_", "GIT_PROXY_", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM",
    ]
    return name.hasPrefix("GIT_") && !kept.contains { name.hasPrefix($0) } && name != "GIT_CONFIG_NOSYSTEM"
  }
}

/// What a question to git gave.
struct GitAnswer {
  var status: Int32
  var output: [UInt8]
  /// The last line that git said beside its answer, without secrets.
  var complaint: String

  /// The answer as one line.
  var line: String {
    String(String(decoding: output, as: UTF8.self).prefix { !$0.isNewline })
  }
}

extension GitRepository {
  /// At most so much of an answer is read at once; lists are read as they come.
  private static let answerLimitBytes = 1 << 20

  /// Asks git something that changes nothing.
  ///
  /// Blocking.
  ///
  /// - Parameter allowed: exit statuses that are answers.
  /// - Throws: ``RecoverError`` `missingRequirement` without git, `unreachable` for any other status, `interrupted`.
  func ask(
    _ words: [String], _ interruption: Interruption?, allowing allowed: Set<Int32> = [0]
  ) throws -> GitAnswer {
    let command = GitCommand.make(words, in: directory)
    let (bytes, result): ([UInt8], ChildResult)
    do {
      (bytes, result) = try ChildStream.output(of: command, limitBytes: Self.answerLimitBytes, interruption)
    } catch let error as RecoverError where error.code == .unreachable {
      throw Self.unusable(directory, error)
    }
    return GitAnswer(
      status: try status(of: result, words, allowing: allowed), output: bytes, complaint: Self.complaint(result))
  }

  /// Reads the records of a list as they come, each without the NUL that ends it.
  ///
  /// - Parameter body: gets every record; the list is read to its end.
  func forEachRecord(
    _ words: [String], _ interruption: Interruption?, allowing allowed: Set<Int32> = [0],
    _ body: ([UInt8]) throws -> Void
  ) throws {
    let stream = try ChildStream(GitCommand.make(words, in: directory))
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    var record: [UInt8] = []
    while true {
      let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe stream.read(into: $0, interruption) }
      guard count > 0 else { break }
      for byte in buffer[..<count] {
        guard byte == 0 else {
          record.append(byte)
          continue
        }
        try body(record)
        record.removeAll(keepingCapacity: true)
      }
    }
    let result = try stream.finish(interruption)
    _ = try status(of: result, words, allowing: allowed)
    guard record.isEmpty else { throw RecoverError(.unreachable, "git \(words[0]) in \(directory) broke off") }
  }

  private func status(of result: ChildResult, _ words: [String], allowing allowed: Set<Int32>) throws -> Int32 {
    switch result.ending {
    case .exited(let status) where allowed.contains(status): return status
    case .interrupted: throw RecoverError(.interrupted, "stopped while asking git")
    case .exited, .signalled, .timedOut, .lost:
      throw RecoverError(
        .unreachable, "git \(words.first ?? "") in \(directory) \(SecretMask.masked(result.summary))",
        hint: "check that \(directory) is the top directory of a git work tree that this user may read")
    }
  }

  private static func complaint(_ result: ChildResult) -> String { SecretMask.masked(result.tail.lastLine ?? "") }

  /// No git, or no such directory.
  private static func unusable(_ directory: String, _ error: RecoverError) -> RecoverError {
    RecoverError(
      .missingRequirement, error.message,
      hint: "install git 2.31 or newer, and check that \(directory) is there", underlying: error)
  }
}
