internal import Glibc
internal import RecoverBase

/// A child process of a test: started at once, its output kept in files that nobody else sees.
///
/// A class, because a process is a thing with identity; ended with SIGKILL when the last reference goes.
package final class TestProcess {
  /// Who the child runs as.
  package enum User: Sendable {
    case ourselves
    /// By setpriv(1); needs root.
    case named(String)
  }

  /// Where the child's standard input comes from.
  package enum Input: Sendable {
    case nothing
    case file(String)
    case bytes([UInt8])
    /// Not closed here.
    case descriptor(Int32)
  }

  package struct Result: Sendable {
    /// The exit status, or 128 plus the number of the signal that ended it, as a shell says it.
    package let status: Int32
    package let output: [UInt8]
    package let errors: [UInt8]

    package var outputText: String { String(decoding: output, as: UTF8.self) }
    package var errorText: String { String(decoding: errors, as: UTF8.self) }
  }

  /// The child's process id.
  package let pid: Int32
  private let output: Int32
  private let errors: Int32
  private var waitStatus: Int32?

  /// Starts a program.
  ///
  /// - Parameters:
  ///   - arguments: the program, found by `PATH`, and its arguments.
  ///   - environment: added to our own.
  ///   - directory: the child's working directory; ours when nil.
  /// - Throws: ``RecoverError`` `unreachable` when it can't be started.
  package init(
    _ arguments: [String], input: Input = .nothing, environment: [String: String] = [:],
    user: User = .ourselves, directory: String? = nil
  ) throws {
    var command = arguments
    if case .named(let name) = user {
      command = ["setpriv", "--reuid=\(name)", "--regid=\(name)", "--clear-groups"] + arguments
    }
    if let directory { command = ["env", "--chdir=\(directory)"] + command }
    if !environment.isEmpty { command = ["env"] + environment.map { "\($0.key)=\($0.value)" } + command }
    output = try Self.unnamedFile()
    errors = try Self.unnamedFile()
    let standardInput = try Self.open(input)
    defer { close(standardInput) }
    pid = try Self.spawn(command, descriptors: [standardInput, output, errors])
  }

  deinit {
    if waitStatus == nil {
      kill(pid, SIGKILL)
      _ = wait()
    }
    close(output)
    close(errors)
  }

  /// Starts a program and waits for its end.
  package static func run(
    _ arguments: [String], input: Input = .nothing, environment: [String: String] = [:],
    user: User = .ourselves, directory: String? = nil
  ) throws -> Result {
    try TestProcess(arguments, input: input, environment: environment, user: user, directory: directory).result()
  }

  /// Runs a program and gives its standard output.
  ///
  /// - Throws: ``RecoverError`` `stepFailed` with the standard error when it exits with another status than 0.
  @discardableResult
  package static func output(
    _ arguments: [String], input: Input = .nothing, environment: [String: String] = [:],
    user: User = .ourselves, directory: String? = nil
  ) throws -> [UInt8] {
    let result = try run(arguments, input: input, environment: environment, user: user, directory: directory)
    guard result.status == 0 else {
      let program = arguments.first ?? ""
      throw RecoverError(.stepFailed, "\(program) exited with \(result.status): \(result.errorText)")
    }
    return result.output
  }

  /// Sends a signal; nothing happens when the child has been waited for.
  package func signal(_ number: Int32) {
    if waitStatus == nil { kill(pid, number) }
  }

  /// Waits for the end: the exit status, or 128 plus the signal's number.
  package func wait() -> Int32 {
    if let waitStatus { return waitStatus }
    var raw: Int32 = 0
    while unsafe waitpid(pid, &raw, 0) < 0, errno == EINTR {}
    let signal = raw & 0x7f
    let status = signal == 0 ? (raw >> 8) & 0xff : 128 + signal
    waitStatus = status
    return status
  }

  /// What the child has written to its standard output by now.
  package var outputSoFar: String { String(decoding: Self.content(of: output), as: UTF8.self) }

  /// Waits for the end, and gives everything the child wrote.
  package func result() -> Result {
    let status = wait()
    return Result(status: status, output: Self.content(of: output), errors: Self.content(of: errors))
  }
}

extension TestProcess {
  private static func unnamedFile() throws -> Int32 {
    var template = Array("/tmp/recover-test-XXXXXX".utf8CString)
    let descriptor = unsafe template.withUnsafeMutableBufferPointer { buffer in
      guard let name = buffer.baseAddress else { return Int32(-1) }
      let descriptor = unsafe mkstemp(name)
      unsafe unlink(name)
      return descriptor
    }
    guard descriptor >= 0 else { throw RecoverError.system(.unreachable, "can't make a temporary file") }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    return descriptor
  }

  private static func open(_ input: Input) throws -> Int32 {
    switch input {
    case .nothing: return try open(path: "/dev/null")
    case .file(let path): return try open(path: path)
    case .descriptor(let descriptor): return dup(descriptor)
    case .bytes(let bytes):
      let descriptor = try unnamedFile()
      var written = 0
      while written < bytes.count {
        let count = unsafe bytes.withUnsafeBytes { buffer in
          let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[written...])
          return unsafe Glibc.write(descriptor, rest.baseAddress, rest.count)
        }
        guard count > 0 else { throw RecoverError.system(.unreachable, "can't write the child's input") }
        written += count
      }
      lseek(descriptor, 0, SEEK_SET)
      return descriptor
    }
  }

  private static func open(path: String) throws -> Int32 {
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw RecoverError.system(.unreachable, "can't open \(path)") }
    return descriptor
  }

  private static func content(of descriptor: Int32) -> [UInt8] {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_size > 0 else { return [] }
    let size = Int(status.st_size)
    return unsafe [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size {
        let read = unsafe pread(descriptor, buffer.baseAddress?.advanced(by: count), size - count, off_t(count))
        if read <= 0 { break }
        count += read
      }
    }
  }

  /// posix_spawn(3) with the given standard input, output and error; signals reset, a process group of its own.
  private static func spawn(_ command: [String], descriptors: [Int32]) throws -> Int32 {
    var actions = unsafe posix_spawn_file_actions_t()
    unsafe posix_spawn_file_actions_init(&actions)
    defer { unsafe posix_spawn_file_actions_destroy(&actions) }
    for (number, descriptor) in descriptors.enumerated() {
      unsafe posix_spawn_file_actions_adddup2(&actions, descriptor, Int32(number))
    }
    var attributes = posix_spawnattr_t()
    unsafe posix_spawnattr_init(&attributes)
    defer { unsafe posix_spawnattr_destroy(&attributes) }
    var every = sigset_t()
    unsafe sigfillset(&every)
    unsafe posix_spawnattr_setsigdefault(&attributes, &every)
    var none = sigset_t()
    unsafe sigemptyset(&none)
    unsafe posix_spawnattr_setsigmask(&attributes, &none)
    let flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP
    unsafe posix_spawnattr_setflags(&attributes, Int16(flags))
    var pid: pid_t = 0
    var strings: [UnsafeMutablePointer<CChar>?] = unsafe command.map { unsafe strdup($0) }
    unsafe strings.append(nil)
    defer { unsafe strings.forEach { unsafe free($0) } }
    let code = unsafe posix_spawnp(&pid, command.first ?? "", &actions, &attributes, strings, environ)
    guard code == 0 else {
      let name = command.first ?? ""
      throw RecoverError(.unreachable, "can't start \(name): \(RecoverError.systemMessage(code))")
    }
    return pid
  }
}
