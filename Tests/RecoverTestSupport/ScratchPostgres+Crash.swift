internal import CLinux
internal import Glibc
internal import RecoverBase

extension ScratchPostgres {
  /// How a server dies.
  package enum Crash: Sendable, CaseIterable {
    /// SIGQUIT to the postmaster: every backend leaves at once, without a checkpoint.
    case immediate
    /// SIGKILL to the postmaster and to every one of its processes, as in a power failure.
    case killed
  }

  /// Ends the server without a shutdown, and returns when all its processes are gone.
  package func crash(_ how: Crash = .killed) throws {
    switch how {
    case .immediate:
      try Self.asServer(["pg_ctl", "--wait", "--mode=immediate", "--pgdata=\(data)", "stop"])
    case .killed:
      let postmaster = try postmasterPid()
      // Stopped first, so that it starts no process while the others are counted.
      kill(postmaster, SIGSTOP)
      let processes = try [postmaster] + Self.children(of: postmaster)
      let handles = processes.map { recover_pidfd_open($0) }.filter { $0 >= 0 }
      for process in processes { kill(process, SIGKILL) }
      for handle in handles {
        var request = pollfd(fd: handle, events: Int16(POLLIN), revents: 0)
        while unsafe poll(&request, 1, -1) < 0, errno == EINTR {}
        close(handle)
      }
      // Where pid 1 reaps late, the dead postmaster is a zombie, which the next one takes for a living server.
      unsafe unlink(data + "/postmaster.pid")
      unsafe unlink(directory + "/.s.PGSQL.\(port).lock")
    }
  }

  /// Starts the server again, after a crash or a stop; it recovers from its WAL.
  package func start() throws { try Self.startServer(data: data) }

  /// Shuts the server down cleanly, ending whoever is connected.
  package func stop() throws {
    try Self.asServer(["pg_ctl", "--wait", "--mode=fast", "--pgdata=\(data)", "stop"])
  }

  /// Stops and starts.
  package func restart() throws {
    try stop()
    try start()
  }

  private func postmasterPid() throws -> Int32 {
    let text = try TestProcess.run(["head", "-n", "1", data + "/postmaster.pid"]).outputText
    guard let pid = Int32(text.prefix { $0.isNumber }), pid > 1 else {
      throw RecoverError(.unreachable, "the scratch server does not run")
    }
    return pid
  }

  private static func children(of pid: Int32) throws -> [Int32] {
    let text = try TestProcess.run(["cat", "/proc/\(pid)/task/\(pid)/children"]).outputText
    return text.split(separator: " ").compactMap { Int32($0.filter(\.isNumber)) }
  }
}
