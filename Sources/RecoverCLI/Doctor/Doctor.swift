internal import Glibc
internal import RecoverBase
internal import RecoverEngine
internal import RecoverSteps

/// Examines what recoveries rest on: the state directory, the libraries, the programs, /proc.
struct Doctor {
  let stateDirectory: String

  /// One thing that was looked at.
  struct Finding: Sendable {
    enum Verdict: String, Sendable {
      case good = "ok"
      /// Something that some recoveries need.
      case poor = "warn"
      /// Nothing works without it.
      case bad
    }

    var subject: String
    var verdict: Verdict
    var detail: String
    var hint: String?
  }

  func examine() async -> [Finding] {
    [state(), space()] + libraries() + [process()] + programs() + [archives()]
  }

  private func state() -> Finding {
    do {
      _ = try SQLiteStore(directory: stateDirectory)
      return Finding(subject: "state directory", verdict: .good, detail: "\(stateDirectory): WAL, synchronous=FULL")
    } catch {
      let error = error as? RecoverError
      return Finding(
        subject: "state directory", verdict: .bad, detail: error?.message ?? "\(stateDirectory) can't be used",
        hint: error?.hint)
    }
  }

  private func space() -> Finding {
    var status = statvfs()
    guard unsafe statvfs(stateDirectory, &status) == 0 else {
      return Finding(subject: "free space", verdict: .poor, detail: "can't be told for \(stateDirectory)")
    }
    let free = ByteCount(Int64(status.f_bavail) * Int64(status.f_frsize))
    return Finding(
      subject: "free space", verdict: free.bytes < 64 << 20 ? .bad : .good, detail: "\(free) for the journal",
      hint: "the journal needs some megabytes; free space or name another directory with --state")
  }

  /// The libraries that the binary is linked to at run time: it would not have started without them, so what is
  /// told is which ones are in use.
  private func libraries() -> [Finding] {
    let loaded = String(decoding: (try? RunDirectory.read("/proc/self/maps")) ?? [], as: UTF8.self)
    let packages = [
      ("libpq", "libpq5"), ("libsqlite3", "libsqlite3-0"), ("libz", "zlib1g"), ("libdeflate", "libdeflate0"),
      ("libzstd", "libzstd1"), ("libcurl", "libcurl4"),
    ]
    return packages.map { name, package in
      let path = loaded.split(separator: "\n").first { $0.contains("/\(name).so") }?.split(separator: " ").last
      return Finding(
        subject: name, verdict: path == nil ? .bad : .good, detail: path.map(String.init) ?? "not loaded",
        hint: "apt-get install \(package)")
    }
  }

  private func process() -> Finding {
    let isReadable = unsafe access("/proc/sys/kernel/random/boot_id", R_OK) == 0
    return Finding(
      subject: "proc(5)", verdict: isReadable ? .good : .bad,
      detail: isReadable ? "boot id and processes can be read" : "/proc is not mounted",
      hint: "mount -t proc proc /proc")
  }

  /// The pg_restore programs that archives are read with.
  private func archives() -> Finding {
    let programs = ArchiveProgram.installed()
    return Finding(
      subject: "pg_restore", verdict: programs.isEmpty ? .poor : .good,
      detail: programs.isEmpty
        ? "not found; needed for archives of pg_dump (-Fc, -Fd, -Ft)"
        : programs.map(\.text).joined(separator: ", "),
      hint: "install the client of your newest server (Debian: postgresql-client)")
  }

  private func programs() -> [Finding] {
    [("sh", "shell commands of policies"), ("docker", "services by Compose"), ("pg_dump", "backups, later")].map {
      name, use in
      let folders = (ProcessEnvironment.value("PATH") ?? "/usr/bin:/bin").split(separator: ":")
      let path = folders.map { folder in "\(folder)/\(name)" }.first { (path: String) -> Bool in
        unsafe access(path, X_OK) == 0
      }
      return Finding(
        subject: name, verdict: path == nil ? .poor : .good, detail: path ?? "not found; needed for \(use)",
        hint: "install it if you use \(use)")
    }
  }
}
