internal import CLinux
internal import Glibc
internal import RecoverBase

extension SpawnedChild {
  /// Starts a child, up to its gate.
  ///
  /// - Parameter capturesOutput: whether its standard output goes into a pipe, and not to the log.
  /// - Throws: ``RecoverError`` `unreachable` when there is no such program or the log can't be opened.
  static func spawn(
    _ command: Command, kind: ChildKind, in context: ChildContext, capturesOutput: Bool
  ) throws -> SpawnedChild {
    let mark = ChildEnvironment.newMark(kind)
    let environment = ChildEnvironment.make(for: command, in: context, mark: mark)
    let streams = Streams(input: try open("/dev/null", O_RDONLY), log: try openLog(context.logFile))
    return try spawn(
      command, kind: kind, environment: environment, mark: mark, streams: streams, capturesOutput: capturesOutput)
  }

  /// What a child reads, and where what it says goes.
  struct Streams {
    var input: Descriptor
    var log: Descriptor
  }

  /// Starts a child with an environment and streams that were made for it.
  static func spawn(
    _ command: Command, kind: ChildKind, environment: [String: String], mark: String, streams: Streams,
    capturesOutput: Bool
  ) throws -> SpawnedChild {
    let path = try ProgramPath.find(command.program, environment: environment, directory: command.directory)
    guard !(command.arguments + environment.flatMap { [$0.key, $0.value] }).contains(where: { $0.utf8.contains(0) })
    else {
      throw RecoverError(.policyInvalid, "the command \(command.program) holds a NUL, which no argument can")
    }
    let log = streams.log
    let output = capturesOutput ? try makePipe() : nil
    let (pid, gate) = try fork(
      command, path: path, environment: environment, streams: (streams.input, output?.write ?? log, log))
    awaitSession(at: gate)
    // The child is not reaped yet, so that this reads the child and nobody else.
    guard let stat = ProcessStat.read(pid) else {
      shutdown(gate.number, Int32(SHUT_RDWR))
      _ = reap(pid)
      throw RecoverError(.missingRequirement, "can't read /proc/\(pid)/stat", hint: "mount proc(5) on /proc")
    }
    let identity = ProcessIdentity(
      pid: pid, startTime: stat.startTime, bootID: try ProcessIdentity.currentBootID())
    return SpawnedChild(
      started: StartedChild(kind: kind, identity: identity, program: command.program), mark: mark, log: log,
      logStart: Int64(max(lseek(log.number, 0, SEEK_END), 0)), output: output?.read, gate: gate)
  }

  /// Forks, and closes the child's end of the gate here: whoever reads the other end then sees the child's death.
  private static func fork(
    _ command: Command, path: String, environment: [String: String],
    streams: (input: Descriptor, output: Descriptor, error: Descriptor)
  ) throws -> (pid: Int32, gate: Descriptor) {
    let gate = try makeGate()
    let arguments = CStrings(command.arguments)
    let shellArguments = CStrings(["/bin/sh", path] + command.arguments.dropFirst())
    let variables = CStrings(environment.map { "\($0.key)=\($0.value)" })
    let file = CStrings([path])
    let directory = CStrings(command.directory.map { [$0] } ?? [])
    var request = unsafe recover_spawn_request()
    unsafe request.path = UnsafePointer(file.array.pointee)
    unsafe request.arguments = UnsafePointer(arguments.array)
    unsafe request.shell_arguments = UnsafePointer(shellArguments.array)
    unsafe request.environment = UnsafePointer(variables.array)
    unsafe request.directory = UnsafePointer(directory.array.pointee)
    unsafe request.input = streams.input.number
    unsafe request.output = streams.output.number
    unsafe request.error = streams.error.number
    unsafe request.gate = gate.child.number
    let pid = unsafe recover_spawn_gated(&request)
    let error = errno
    extendLifetime(arguments)
    extendLifetime(shellArguments)
    extendLifetime(variables)
    extendLifetime(file)
    extendLifetime(directory)
    extendLifetime(gate.child)
    guard pid > 0 else {
      errno = error
      throw RecoverError.system(.noSpace, "can't start a process for \(command.program)", hint: "see ulimit -u")
    }
    return (pid, gate.parent)
  }

  /// Waits until the child leads its session, by whose number a takeover finds it and all that it starts.
  ///
  /// Nothing comes from a child that has died instead: opening its gate says so.
  private static func awaitSession(at gate: borrowing Descriptor) {
    var ready = UInt8(0)
    while unsafe recv(gate.number, &ready, 1, 0) < 0 && errno == EINTR {}
  }

  /// A file in memory with this content, read from its front.
  static func unnamedFile(_ content: [UInt8] = []) throws -> Descriptor {
    let number = unsafe recover_memfd("recover")
    guard number >= 0 else { throw RecoverError.system(.noSpace, "can't make a file in memory") }
    let file = try above(Descriptor(owning: number))
    var left = content[...]
    while !left.isEmpty {
      let count = unsafe left.withUnsafeBytes { unsafe write(file.number, $0.baseAddress, $0.count) }
      guard count > 0 || errno == EINTR else { throw RecoverError.system(.noSpace, "can't write a file in memory") }
      left = left.dropFirst(max(count, 0))
    }
    lseek(file.number, 0, SEEK_SET)
    return file
  }

  private static func openLog(_ path: String) throws -> Descriptor {
    let number = unsafe Glibc.open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    guard number >= 0 else { throw RecoverError.system(.unreachable, "can't open the log file \(path)") }
    return try above(Descriptor(owning: number))
  }

  private static func open(_ path: String, _ flags: Int32) throws -> Descriptor {
    let number = unsafe Glibc.open(path, flags | O_CLOEXEC)
    guard number >= 0 else { throw RecoverError.system(.unreachable, "can't open \(path)") }
    return try above(Descriptor(owning: number))
  }

  private static func makePipe() throws -> (read: Descriptor, write: Descriptor) {
    var ends: [Int32] = [-1, -1]
    guard unsafe recover_pipe(&ends) == 0 else { throw RecoverError.system(.noSpace, "can't make a pipe") }
    let (read, write) = (Descriptor(owning: ends[0]), Descriptor(owning: ends[1]))
    // Only the reading end: O_NONBLOCK on the other would be the child's as well.
    _ = fcntl(read.number, F_SETFL, O_NONBLOCK)
    return (read, try above(write))
  }

  private static func makeGate() throws -> (parent: Descriptor, child: Descriptor) {
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard unsafe socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      throw RecoverError.system(.noSpace, "can't make a socket pair")
    }
    let (parent, child) = (Descriptor(owning: ends[0]), Descriptor(owning: ends[1]))
    return (parent, try above(child))
  }

  private static func above(_ descriptor: Descriptor) throws -> Descriptor {
    guard let copy = descriptor.duplicatedAbove() else {
      throw RecoverError.system(.noSpace, "can't duplicate a file descriptor", hint: "see ulimit -n")
    }
    return copy
  }
}

/// Strings as C wants them for execve(2): an array of pointers that ends in NULL.
@safe private struct CStrings: ~Copyable {
  private let pointers: UnsafeMutableBufferPointer<UnsafeMutablePointer<CChar>?>

  init(_ strings: [String]) {
    unsafe pointers = .allocate(capacity: strings.count + 1)
    for (index, string) in strings.enumerated() { unsafe pointers.initializeElement(at: index, to: strdup(string)) }
    unsafe pointers.initializeElement(at: strings.count, to: nil)
  }

  deinit {
    for index in unsafe 0..<(pointers.count - 1) { unsafe free(pointers[index]) }
    unsafe pointers.deallocate()
  }

  /// The array itself, which lives as long as this does.
  var array: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
    guard let base = unsafe pointers.baseAddress else { preconditionFailure("an array of at least one element") }
    return unsafe base
  }
}
