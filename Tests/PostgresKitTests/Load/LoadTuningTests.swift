import RecoverBase
import Testing

@testable import PostgresKit

@Suite("LoadTuning: how many connections load, and with what")
struct LoadTuningTests {
  private static func limits(
    connections: Int = 100, used: Int = 5, sharedBuffers: Int64 = 128 << 20, maintenance: Int64 = 64 << 20,
    workers: Int = 8
  ) -> ServerLimits {
    ServerLimits(
      maxConnections: connections, reservedConnections: 3, usedConnections: used,
      sharedBuffers: ByteCount(sharedBuffers), maintenanceWorkMem: ByteCount(maintenance),
      maxParallelMaintenanceWorkers: 2, maxWorkerProcesses: workers, walLevel: "replica", archiveMode: "off",
      maxWalSize: ByteCount(1 << 30), walSegmentSize: ByteCount(16 << 20), synchronousStandbyNames: "")
  }

  @Test("unless a number is wanted, it is the cores', and small backups are left to one connection")
  func chosen() {
    let tuning = LoadTuning(Self.limits(), wanted: nil, cores: 4)
    #expect(tuning.jobs == 4)
    #expect(tuning.leastData != nil)
    #expect(LoadTuning(Self.limits(), wanted: nil, cores: 96).jobs == LoadTuning.mostJobs)
    let wanted = LoadTuning(Self.limits(), wanted: 12, cores: 4)
    #expect(wanted.jobs == 12)
    #expect(wanted.leastData == nil)
  }

  @Test("connections are left to others, and one is always taken", arguments: [(20, 12), (9, 1), (3, 1)])
  func free(connections: Int, jobs: Int) {
    #expect(LoadTuning(Self.limits(connections: connections, used: 1), wanted: 64, cores: 2).jobs == jobs)
  }

  @Test("all sessions together take half of shared_buffers, but each at least what the server gives")
  func memory() {
    #expect(LoadTuning(Self.limits(), wanted: 2, cores: 2).maintenanceMemory == nil)
    let large = LoadTuning(Self.limits(sharedBuffers: 2 << 30), wanted: 4, cores: 4)
    #expect(large.maintenanceMemory == ByteCount(256 << 20))
    let huge = LoadTuning(Self.limits(sharedBuffers: 64 << 30), wanted: 4, cores: 4)
    #expect(huge.maintenanceMemory == ByteCount(1 << 30))
    let generous = LoadTuning(Self.limits(maintenance: 4 << 30), wanted: 2, cores: 2)
    #expect(generous.maintenanceMemory == nil)
  }
}
