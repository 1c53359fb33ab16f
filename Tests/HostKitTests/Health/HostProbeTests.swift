internal import RecoverBase
internal import Testing

@testable internal import HostKit

/// Probes of the host itself, of metrics, and of several checks together.
struct HostProbeTests {
  private static let rooms: [(DiskProbe.Room, String?)] = [
    (.init(usedBytes: 90, freeBytes: 10, usedInodes: 1, freeInodes: 9), nil),
    (.init(usedBytes: 901, freeBytes: 99, usedInodes: 1, freeInodes: 9), "91 % of the bytes"),
    (.init(usedBytes: 0, freeBytes: 10, usedInodes: 19, freeInodes: 1), "95 % of the inodes"),
    (.init(usedBytes: 0, freeBytes: 10, usedInodes: 0, freeInodes: 0), nil),
  ]

  @Test(
    "a file system passes while bytes and inodes are within their limits",
    arguments: rooms)
  func disk(room: DiskProbe.Room, trouble: String?) {
    let reason = DiskProbe(path: "/x").judge(room).reason
    #expect(reason == nil ? trouble == nil : trouble.map { reason?.contains($0) == true } == true, "\(reason ?? "")")
  }

  @Test("the room of a real file system is asked, and a path that is not there is unknown")
  func realDisk() async {
    let limit = Deadline.after(.seconds(10))
    #expect(await DiskProbe(path: "/", usedPercent: 100, inodesPercent: 100).check(limit) == .healthy)
    #expect(
      await DiskProbe(path: "/", usedPercent: 100, inodesPercent: 100, free: ByteCount(Int64.max)).check(limit).reason?
        .contains("are free") == true)
    guard case .unknown = await DiskProbe(path: "/no/such/place").check(limit) else {
      Issue.record("a path that is not there was judged")
      return
    }
  }

  @Test("memory is judged by what is available, and not by what is free")
  func memory() async throws {
    try await Scratch.with { scratch in
      try scratch.write("meminfo", "MemTotal:  1000 kB\nMemFree:   10 kB\nMemAvailable:  200 kB\n")
      func check(_ percent: Int, _ available: Int? = nil) async -> HealthResult {
        await MemoryProbe(
          usedPercent: percent, available: available.map { ByteCount($0) }, file: scratch.file("meminfo")
        )
        .check(.after(.seconds(1)))
      }
      #expect(await check(80) == .healthy)
      #expect(await check(79).reason == "80 % of the memory is in use, and not at most 79 %")
      #expect(await check(80, 200 << 10) == .healthy)
      #expect(await check(80, 200 << 10 + 1).reason?.contains("are available") == true)
      #expect(await MemoryProbe(usedPercent: 100).check(.after(.seconds(1))) == .healthy)
    }
  }

  private static let sampleLines: [(String, MetricSample?)] = [
    ("up 1", MetricSample.sample("up", 1)),
    ("up{job=\"a b\",x=\"1,}\"} 0.5 1395066363000", .sample("up", 0.5, ["job": "a b", "x": "1,}"])),
    ("x{path=\"C:\\\\D \\\"q\\\"\\n\"} -Inf", .sample("x", -.infinity, ["path": "C:\\D \"q\"\n"])),
    ("x 1.5e3\r", .sample("x", 1500)),
    ("# TYPE up gauge", nil), ("", nil), ("up", nil), ("up{job=\"a\" 1", nil), ("up one", nil), ("up 1 2 3", nil),
  ]

  @Test(
    "samples of the text format are read with their labels, and everything else is none",
    arguments: sampleLines)
  func samples(line: String, sample: MetricSample?) {
    #expect(MetricSample(line[...]) == sample)
  }

  @Test("every series of the name with the wanted labels has to keep to the threshold, and there has to be one")
  func metric() throws {
    let text = "# HELP up x\nup{job=\"app\",i=\"1\"} 1\nup{job=\"app\",i=\"2\"} 0\nup{job=\"db\"} 1\nother 5\n"
    func judge(_ name: String, _ labels: [String: String], _ threshold: String, isCut: Bool = false) throws
      -> HealthResult
    {
      let threshold = try #require(MetricThreshold(threshold))
      return MetricProbe(url: "http://h/metrics", name: name, labels: labels, threshold: threshold).judge(
        text, isCut: isCut)
    }
    #expect(try judge("up", ["job": "db"], "== 1") == .healthy)
    #expect(
      try judge("up", ["job": "app"], "== 1").reason
        == "http://h/metrics: up{i=\"2\",job=\"app\"} is 0.0, and not == 1.0")
    #expect(try judge("up", [:], "<= 1") == .healthy)
    #expect(try judge("other", [:], "> 5").reason?.contains("is 5.0") == true)
    #expect(try judge("down", [:], "> 5") == .unhealthy("http://h/metrics: there is no metric down"))
    guard case .unknown = try judge("down", [:], "> 5", isCut: true) else {
      Issue.record("a metric that may be in the part that was cut off was judged")
      return
    }
  }

  @Test("a comparison needs an order and a number", arguments: ["1", "<", "< x", "< nan", "=1", ""])
  func thresholds(text: String) { #expect(MetricThreshold(text) == nil) }

  @Test("what is no number keeps to no threshold", arguments: MetricThreshold.Order.allCases)
  func notANumber(order: MetricThreshold.Order) throws {
    let threshold = try #require(MetricThreshold("\(order.rawValue) 1"))
    #expect(!threshold.holds(.nan))
  }

  private static let groupResults: [(Int, [HealthResult], String)] = [
    (3, [HealthResult.healthy, .healthy, .healthy], "healthy"),
    (3, [.healthy, .healthy, .unhealthy("no")], "unhealthy"),
    (3, [.healthy, .unknown("?"), .healthy], "unknown"), (1, [.unhealthy("no"), .healthy, .unknown("?")], "healthy"),
    (2, [.unhealthy("no"), .unhealthy("no"), .unknown("?")], "unhealthy"),
    (1, [.unhealthy("a"), .unhealthy("b"), .unhealthy("c")], "unhealthy"),
  ]

  @Test(
    "a group passes by the weights of those that pass, and is unknown only where that could decide it",
    arguments: groupResults)
  func group(least: Int, results: [HealthResult], verdict: String) {
    let members = ["a", "b", "c"].map { GroupProbe.Member(name: $0, probe: Fixed(), timeout: .seconds(1)) }
    let result = GroupProbe(members, least: least).judge(results)
    switch result {
    case .healthy: #expect(verdict == "healthy")
    case .unhealthy: #expect(verdict == "unhealthy")
    case .unknown: #expect(verdict == "unknown")
    }
  }

  @Test("a check that drops more often than it may has failed before its time is over")
  func flapping() {
    var window = HealthWindow(passes: 3, flaps: 1)
    for result in [HealthResult.healthy, .unhealthy("no"), .healthy, .healthy, .unhealthy("again")] {
      window.record(result)
    }
    #expect(window.isFlapping)
    for _ in 0..<5 { window.record(.healthy) }
    #expect(!window.isHealthy)
    #expect(window.verdict.reason?.contains("it flaps") == true, "\(window.verdict)")
  }

  private struct Fixed: ProbeDriver {
    func check(_ deadline: Deadline) async -> HealthResult { .healthy }
  }
}

extension MetricSample {
  fileprivate static func sample(_ name: String, _ value: Double, _ labels: [String: String] = [:]) -> MetricSample? {
    var sample = MetricSample("x 0")
    sample?.name = name
    sample?.value = value
    sample?.labels = labels
    return sample
  }
}
