package import RecoverBase

/// How many connections load, and what their sessions are set to for speed: chosen from what the server allows.
///
/// Only sessions are set, never the server; nothing is left behind.
package struct LoadTuning: Sendable, Hashable, Codable {
  /// How many connections load at the same time; 1 is the serial order.
  package var jobs: Int
  /// What one session may use to build an index or to check a foreign key; nil: as the server has it.
  package var maintenanceMemory: ByteCount?
  /// How many processes may help to build an index while other connections have nothing to do.
  package var maintenanceWorkers: Int
  /// Rows that take less of the dump are loaded over one connection all the same; nil where the user chose the number.
  package var leastData: ByteCount?

  package init(
    jobs: Int = 1, maintenanceMemory: ByteCount? = nil, maintenanceWorkers: Int = 0, leastData: ByteCount? = nil
  ) {
    self.jobs = jobs
    self.maintenanceMemory = maintenanceMemory
    self.maintenanceWorkers = maintenanceWorkers
    self.leastData = leastData
  }

  /// One connection, and every setting as it is.
  package static let serial = LoadTuning()

  /// More connections than this gain little, and take them from others.
  package static let mostJobs = 8
  /// Connections that are left to others.
  private static let spareConnections = 3
  private static let mostMemory: Int64 = 1 << 30
  /// What one connection loads in about the time that others take to be opened and to ask the catalog.
  private static let worthSharing = ByteCount(8 << 20)

  /// What suits a server and this machine.
  ///
  /// Memory over SQL can't be seen, but `shared_buffers` tells about how much the server was given: all sessions
  /// together take at most half as much for maintenance, or what its own setting gives each.
  ///
  /// - Parameters:
  ///   - wanted: what the user asked for; nil takes a connection for each core of this machine, at most ``mostJobs``.
  ///   - cores: of this machine; the server's can't be seen.
  package init(_ limits: ServerLimits, wanted: Int?, cores: Int) {
    // One more leads.
    let allowed = max(1, limits.freeConnections - 1 - Self.spareConnections)
    jobs = max(1, min(wanted ?? min(cores, Self.mostJobs), allowed))
    let share = limits.sharedBuffers.bytes / 2 / Int64(jobs)
    let memory = min(max(share, limits.maintenanceWorkMem.bytes), max(Self.mostMemory, limits.maintenanceWorkMem.bytes))
    maintenanceMemory = memory > limits.maintenanceWorkMem.bytes ? ByteCount(memory) : nil
    leastData = wanted == nil ? Self.worthSharing : nil
    // A helper for each connection but the one that builds.
    maintenanceWorkers = max(0, min(jobs - 1, limits.maxWorkerProcesses))
  }

  /// What a session of the load is pinned to.
  func settings(isSuperuser: Bool) -> PinnedSettings {
    guard jobs > 1 else { return PinnedSettings([:]) }
    var values = ["max_parallel_maintenance_workers": "0"]
    if let maintenanceMemory { values["maintenance_work_mem"] = "\(maintenanceMemory.bytes / 1024)kB" }
    // Autovacuum gives way to whoever has waited so long for it (PostgreSQL, "Lock Management"): by default a second for
    // each table that was just loaded. Only a superuser may set it.
    if isSuperuser { values["deadlock_timeout"] = "10ms" }
    return PinnedSettings(values)
  }
}
