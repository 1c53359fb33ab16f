internal import CLinux
internal import Glibc
internal import RecoverBase
internal import Synchronization

/// A child in a session of its own that waits at its start gate, or runs.
///
/// Its own code, and not swift-subprocess, because of three needs together. (1) The start gate needs a
/// descriptor beyond the three standard ones, which swift-subprocess does not pass on; a gate on stdin behind
/// a shell would work, but dash drops environment variables that are no shell names, and adds `PWD`. (2) The
/// child stays a zombie until its whole session is proved gone: as long as it does, the kernel gives its pid
/// (and so the session's number) to nobody else, so that what is found under that number is ours.
/// swift-subprocess reaps by itself. (3) A cancelled task, a passed deadline and a takeover end a child in
/// the same way; swift-subprocess has a teardown of its own for the first, on the process group only.
///
/// Blocking, except where it says otherwise.
final class SpawnedChild: Sendable {
  let started: StartedChild
  /// What it and all that it starts have in their environment, as long as they keep that.
  let mark: String
  let log: Descriptor
  /// Where the child's part of the log begins, in bytes.
  let logStart: Int64
  /// Where its standard output can be read, when it does not go to the log.
  let output: Descriptor?
  /// Becomes readable when the child ends; nil on kernels before 5.3.
  let ending: Descriptor?
  private let gate: Mutex<Descriptor?>

  init(
    started: StartedChild, mark: String, log: Descriptor, logStart: Int64, output: Descriptor?, gate: Descriptor
  ) {
    self.started = started
    self.mark = mark
    self.log = log
    self.logStart = logStart
    self.output = output
    let number = recover_pidfd_open(started.identity.pid)
    ending = number >= 0 ? Descriptor(owning: number) : nil
    self.gate = Mutex(gate)
  }

  /// Lets the child run its program, and waits until it does.
  ///
  /// - Throws: ``RecoverError`` `unreachable` when the program can't be executed; the child is then gone.
  func openGate() throws {
    guard let gate = gate.withLock({ $0.take() }) else { return }
    var go = UInt8(ascii: "g")
    // No SIGPIPE: the child may have failed already, and says why in what is read next.
    _ = unsafe send(gate.number, &go, 1, Int32(MSG_NOSIGNAL))
    var failure = recover_spawn_failure()
    let size = MemoryLayout<recover_spawn_failure>.size
    var count = 0
    repeat {
      count = unsafe recv(gate.number, &failure, size, Int32(MSG_WAITALL))
    } while count < 0 && errno == EINTR
    guard count == size else { return }
    reap()
    let what = failure.stage == Int32(RECOVER_SPAWN_DIRECTORY) ? "can't enter the directory of" : "can't run"
    throw RecoverError(
      .unreachable, "\(what) \(started.program): \(RecoverError.systemMessage(failure.error))",
      hint: "check the path, its rights and the interpreter in its first line")
  }

  /// Makes a child that waits at its gate end by itself, as the death of this process would.
  func closeGate() { gate.withLock { $0 = nil } }

  /// Ends a child that still waits at its gate, without having run anything.
  func discard() {
    closeGate()
    // It is ours and not reaped, so that nobody else has its pid; and nothing depends on how it ends.
    kill(started.identity.pid, SIGKILL)
    reap()
  }

  /// Takes the exit status and lets go of the pid; the child has ended or is about to.
  @discardableResult
  func reap() -> ChildResult.Ending {
    Self.reap(started.identity.pid)
  }

  static func reap(_ pid: Int32) -> ChildResult.Ending {
    var status: Int32 = 0
    var reaped: Int32
    repeat { reaped = unsafe waitpid(pid, &status, 0) } while reaped < 0 && errno == EINTR
    guard reaped == pid else { return .lost }
    // What WIFEXITED and its like do (wait(2)); Swift does not import such macros.
    let signal = status & 0x7F
    return signal == 0 ? .exited(status >> 8 & 0xFF) : .signalled(signal)
  }
}
