internal import FoundationEssentials
internal import Glibc
internal import RecoverBase

@testable internal import HostKit

/// A directory of a test's own, with what the children of a test write and say.
struct Scratch: Sendable {
  let path: String

  /// Runs `body` with a new directory, and removes it afterwards.
  static func with<Value>(_ body: (Scratch) async throws -> Value) async throws -> Value {
    var template = Array("/tmp/recover-host-XXXXXX".utf8CString)
    guard unsafe mkdtemp(&template) != nil else { throw RecoverError.system(.bug, "mkdtemp(3) failed") }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let scratch = Scratch(path: path)
    do {
      let value = try await body(scratch)
      try? FileManager.default.removeItem(atPath: path)
      return value
    } catch {
      try? FileManager.default.removeItem(atPath: path)
      throw error
    }
  }

  var logFile: String { "\(path)/step.log" }

  /// A context whose children are recorded nowhere.
  func context(
    run: String = "run-1", grace: Duration = .seconds(10),
    onStart: @escaping @Sendable (StartedChild) async throws -> Void = { _ in }
  ) -> ChildContext {
    ChildContext(run: run, epoch: 7, logFile: logFile, grace: grace, onStart: onStart)
  }

  func file(_ name: String) -> String { "\(path)/\(name)" }

  func exists(_ name: String) -> Bool { unsafe access(file(name), F_OK) == 0 }

  func read(_ name: String) throws -> String {
    String(decoding: try Data(contentsOf: URL(filePath: file(name))), as: UTF8.self)
  }

  func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws {
    try Data(text.utf8).write(to: URL(filePath: file(name)))
    unsafe chmod(file(name), mode)
  }

  func makeDirectory(_ name: String) throws {
    guard unsafe mkdir(file(name), 0o755) == 0 else { throw RecoverError.system(.bug, "can't make \(file(name))") }
  }

  /// Makes a named pipe, over which a child says that it has come so far.
  func pipe(_ name: String) throws -> NamedPipe {
    guard unsafe mkfifo(file(name), 0o600) == 0 else { throw RecoverError.system(.bug, "mkfifo(3) failed") }
    return NamedPipe(path: file(name))
  }
}

/// A named pipe that a test reads.
struct NamedPipe: Sendable {
  let path: String

  /// Waits for somebody to write a line and close.
  func line() async throws -> String {
    let path = path
    return try await BlockingThread.run("test-pipe") { _ in
      // Both ways, so that opening it does not wait.
      let descriptor = unsafe open(path, O_RDWR | O_CLOEXEC)
      defer { close(descriptor) }
      var bytes: [UInt8] = []
      while bytes.last != UInt8(ascii: "\n") {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard unsafe poll(&entry, 1, 30_000) == 1 else { throw RecoverError(.timedOut, "nobody wrote to \(path)") }
        var byte: UInt8 = 0
        guard unsafe Glibc.read(descriptor, &byte, 1) == 1 else { break }
        bytes.append(byte)
      }
      return String(decoding: bytes.dropLast(), as: UTF8.self)
    }
  }
}

/// Waits until a process has ended, at most 30 s.
func waitUntilGone(_ identity: ProcessIdentity) async throws -> Bool {
  try await BlockingThread.run("test-gone") { _ in
    guard let handle = ProcessHandle(identity) else { return true }
    return handle.waitUntilGone(.after(.seconds(30)))
  }
}

/// The process with a pid that a child wrote.
func identity(_ pid: String) throws -> ProcessIdentity {
  guard let number = Int32(pid), let identity = try ProcessIdentity.read(number) else {
    throw RecoverError(.bug, "there is no process \(pid)")
  }
  return identity
}
