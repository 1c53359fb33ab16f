internal import Glibc
package import RecoverBase

/// A program that is started as a child and left running, known again by a file with its pid and start time.
///
/// For development, where nothing supervises it. It leads a session of its own, so that stopping it ends all that it
/// started: SIGTERM, then SIGKILL.
package struct ProcessService: ServiceDriver {
  package let name: String
  package let limits: ServiceLimits
  private let command: Command
  private let pidFile: String
  private let logFile: String
  private let grace: Duration
  private let watch: Duration

  /// - Parameters:
  ///   - pidFile: made with mode 0600; its directory has to be there.
  ///   - logFile: what the program prints is appended to it.
  ///   - grace: from SIGTERM to SIGKILL.
  ///   - watch: how long it is watched after its start: what ends so soon did not start.
  package init(
    name: String, command: Command, pidFile: String, logFile: String, grace: Duration = .seconds(10),
    watch: Duration = .milliseconds(300), limits: ServiceLimits = ServiceLimits()
  ) {
    self.name = name
    self.command = command
    self.pidFile = pidFile
    self.logFile = logFile
    self.grace = grace
    self.watch = watch
    self.limits = limits
  }

  package func status(in context: ChildContext, deadline: Deadline) async throws -> ServiceState {
    do {
      guard let identity = try recorded() else { return ServiceState(.stopped, "no pid file") }
      return identity.isAlive
        ? ServiceState(.running, "\(identity)") : ServiceState(.failed, "\(identity) has ended by itself")
    } catch let error as RecoverError {
      return ServiceState(.unknown, error.message)
    }
  }

  /// Starts the program: its pid file is durable before it runs.
  ///
  /// It is not recorded as a child of the run, which a takeover would end.
  package func orderStart(from state: ServiceState, in context: ChildContext, deadline: Deadline) async throws {
    var own = context
    own.logFile = logFile
    let settled = own
    try await BlockingThread.run("recover-service") { _ in
      let child = try SpawnedChild.spawn(command, kind: .service, in: settled, capturesOutput: false)
      do {
        try write(child.started.identity)
      } catch {
        child.discard()
        throw error
      }
      do {
        try child.openGate()
      } catch {
        // It is gone already.
        _ = unsafe unlink(pidFile)
        throw error
      }
      guard hasEnded(child.started.identity) else { return }
      child.reap()
      throw RecoverError(
        .stepFailed, "service \(name) ended right after its start", hint: "what it printed is in \(logFile)")
    }
  }

  /// Whether it ends while it is watched.
  private func hasEnded(_ identity: ProcessIdentity) -> Bool {
    guard let handle = ProcessHandle(identity) else { return true }
    return handle.waitUntilGone(.after(watch))
  }

  package func orderStop(in context: ChildContext, deadline: Deadline) async throws {
    try await BlockingThread.run("recover-service") { _ in
      guard let identity = try recorded() else { return }
      _ = try ProcessTree.end(SurvivorSearch(sessions: [identity]), grace: min(grace, limits.stop / 2))
      guard unsafe unlink(pidFile) == 0 || errno == ENOENT else {
        throw RecoverError.system(.stepFailed, "can't remove \(pidFile)")
      }
    }
  }

  package func copyLog(lines: Int, in context: ChildContext, deadline: Deadline) async {
    guard unsafe access(logFile, F_OK) == 0 else { return }
    await copyLog(Command(["tail", "-n", "\(lines)", "--", logFile]), in: context, deadline: deadline)
  }

  /// The process that was started last; nil where none was, or where it was stopped.
  private func recorded() throws -> ProcessIdentity? {
    switch ProcFile.read(pidFile, limit: 4096) {
    case .absent: return nil
    case .denied: throw RecoverError(.missingRequirement, "\(pidFile) can't be read: it belongs to somebody else")
    case .content(let bytes):
      do {
        return try JSONValue.decode(ProcessIdentity.self, from: bytes)
      } catch {
        throw RecoverError(.unreachable, "\(pidFile) is no pid file of recover", underlying: error)
      }
    }
  }

  private func write(_ identity: ProcessIdentity) throws {
    let temporary = "\(pidFile).new"
    let number = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard number >= 0 else { throw RecoverError.system(.stepFailed, "can't write \(temporary)") }
    defer { close(number) }
    let bytes = try JSONValue.canonicalBytes(of: identity)
    guard unsafe Glibc.write(number, bytes, bytes.count) == bytes.count, fsync(number) == 0,
      unsafe rename(temporary, pidFile) == 0
    else { throw RecoverError.system(.stepFailed, "can't write \(pidFile)") }
  }
}
