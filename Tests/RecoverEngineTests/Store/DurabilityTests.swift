internal import FoundationEssentials
internal import Glibc
internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverTestSupport
internal import Testing

/// What the kernel sees of the store: syncs, and a disk without room.
///
/// Both need rights that not every place gives.
@Suite("durability", .serialized)
struct DurabilityTests {
  private typealias Suite = RunStoreConformanceTests

  // MARK: - Syncs

  private static let canTrace: Bool = {
    guard let process = try? TestProcess(["strace", "-qq", "-o", "/dev/null", "true"]) else { return false }
    return process.wait() == 0
  }()

  @Test(
    "an append is one fdatasync of the log, and no other sync",
    .enabled(if: canTrace, "strace is not there, or ptrace(2) is not allowed"))
  func oneSync() async throws {
    let directory = try StateDirectory()
    let store = try SQLiteStore(directory: "\(directory.path)/state")
    try await store.create(Suite.run, plan: Suite.plan, at: Suite.times)
    let epoch = try await Suite.acquire(store).epoch
    let trace = "\(directory.path)/trace"
    let strace = try TestProcess([
      "strace", "-f", "-qq", "-y", "-e", "trace=fsync,fdatasync,sync,syncfs,sync_file_range,msync", "-o", trace,
      "-p", String(getpid()),
    ])
    try Self.waitForTracer(trace, marker: "\(directory.path)/marker")
    for _ in 0..<5 { try await Suite.append(store, .requestIgnored(kind: "pause"), epoch: epoch) }
    strace.signal(SIGINT)
    _ = strace.wait()
    let lines = Self.lines(of: trace).filter { $0.contains("\(directory.path)/state") }
    #expect(lines.count == 5, "\(lines)")
    #expect(lines.allSatisfy { $0.contains("fdatasync(") && $0.contains("journal.sqlite-wal") }, "\(lines)")
  }

  /// Syncs a file of its own until the tracer has seen it.
  private static func waitForTracer(_ trace: String, marker: String) throws {
    let descriptor = unsafe open(marker, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    defer { close(descriptor) }
    let deadline = Deadline.after(.seconds(20))
    while !lines(of: trace).contains(where: { $0.contains(marker) }) {
      guard !deadline.hasPassed else { throw RecoverError(.timedOut, "strace does not attach") }
      fdatasync(descriptor)
    }
  }

  private static func lines(of path: String) -> [Substring] {
    ((try? String(contentsOfFile: path, encoding: .utf8)) ?? "").split(separator: "\n")
  }

  // MARK: - A full disk

  /// A small file system of memory, mounted while a closure runs.
  private static func withSmallDisk<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let directory = try StateDirectory()
    guard unsafe mount("tmpfs", directory.path, "tmpfs", 0, "size=24m") == 0 else {
      throw RecoverError.system(.unreachable, "can't mount a tmpfs")
    }
    defer { unsafe umount2(directory.path, Int32(MNT_DETACH)) }
    return try await body(directory.path)
  }

  private static let canMount: Bool = {
    guard getuid() == 0, let directory = try? StateDirectory() else { return false }
    guard unsafe mount("tmpfs", directory.path, "tmpfs", 0, "size=64k") == 0 else { return false }
    return unsafe umount2(directory.path, Int32(MNT_DETACH)) == 0
  }()

  /// Writes a file until there is no room for another byte.
  private static func fill(_ path: String) {
    let descriptor = unsafe open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    defer { close(descriptor) }
    for size in [1 << 16, 4096, 512, 1] {
      let bytes = [UInt8](repeating: 1, count: size)
      while unsafe bytes.withUnsafeBytes({ unsafe write(descriptor, $0.baseAddress, $0.count) }) > 0 {}
    }
  }

  @Test(
    "on a full disk the reserve lets a compensation be journaled, and when that is used up the error says so",
    .enabled(if: canMount, "mounting a tmpfs needs root"))
  func fullDisk() async throws {
    try await Self.withSmallDisk { path in
      let store = try SQLiteStore(directory: "\(path)/state")
      try await store.create(Suite.run, plan: Suite.plan, at: Suite.times)
      let epoch = try await Suite.acquire(store).epoch
      Self.fill("\(path)/filler")
      let text = String(repeating: "x", count: 2000)
      // A compensation: a few hundred records of the size that causes have.
      for number in 0..<300 {
        let cause = Cause(code: .noSpace, message: "\(number) \(text)")
        try await Suite.append(
          store, .step(id: "a", event: .undoAttemptFailed(cause: cause, retryAt: Plans.time(1))), epoch: epoch)
      }
      #expect(unsafe access("\(path)/state/reserve", F_OK) != 0)
      Self.fill("\(path)/filler")
      let error = await #expect(throws: RecoverError.self) {
        for _ in 0..<3000 {
          try await Suite.append(store, .requestIgnored(kind: String(repeating: "x", count: 4000)), epoch: epoch)
        }
      }
      #expect(error?.code == .journal)
      #expect(error?.hint != nil)
      // With room again, the run goes on where it was; a new runner lays the reserve by again.
      unsafe unlink("\(path)/filler")
      try await Suite.append(store, .requestIgnored(kind: "pause"), epoch: epoch)
      _ = try await store.records(of: Suite.run)
      _ = try SQLiteStore(directory: "\(path)/state")
      #expect(unsafe access("\(path)/state/reserve", F_OK) == 0)
    }
  }

  @Test(
    "a disk that is too full for the reserve still opens, and a journal that can't begin says why",
    .enabled(if: canMount, "mounting a tmpfs needs root"))
  func fullFromTheStart() async throws {
    try await Self.withSmallDisk { path in
      Self.fill("\(path)/filler")
      let error = #expect(throws: RecoverError.self) { try SQLiteStore(directory: "\(path)/state") }
      #expect(error?.code == .journal || error?.code == .noSpace)
      #expect(error?.hint != nil)
    }
  }
}

extension DurabilityTests {
  @Test(
    "a run on a disk that fills up goes back on the reserve",
    .enabled(if: canMount, "mounting a tmpfs needs root"))
  func runGoesBack() async throws {
    try await Self.withSmallDisk { path in
      let store = try SQLiteStore(directory: "\(path)/state")
      let plan = Plans.plan([Plans.step("a"), Plans.step("b"), Plans.step("c", .finalizer)])
      try await store.create(Suite.run, plan: plan, at: RecordTimes(wall: .now, monotonic: .now))
      let catalog = ScriptedCatalog("b") { step in
        step.performing = { context in
          Self.fill("\(path)/filler")
          for count in 0..<10_000 { try await context.reporter.checkpoint("row", .integer(Int64(count))) }
          return .null
        }
      }
      let ports = RunnerPorts(
        store: store, catalog: catalog, clock: SystemClock(), fence: NoFence(), locker: NoLocker(),
        observer: RecordingObserver(), identity: Suite.owner(1), isAlive: { _ in true }, directory: { "\(path)/\($0)" },
        leaseTiming: .standard, crashPoints: CrashPoints())
      let machine = try await Runner(ports: ports, control: RunControl()).perform(Suite.run, .start(confirmedBy: "me"))
      #expect(machine.state == .rolledBack)
      #expect(machine.cause?.code == .noSpace)
    }
  }

  private struct NoFence: Fence {
    func endPredecessor(
      _ owner: RunnerIdentity?, children: [JSONValue], run: RunID, plan: Plan, epoch: Int64
    ) async throws {}
  }

  private struct NoLocker: TargetLocker, HeldTargetLock {
    func lock(_ plan: Plan, run: RunID, epoch: Int64) async throws -> any HeldTargetLock { self }
    func isHeld() async -> Bool { true }
    func release() async {}
  }
}
