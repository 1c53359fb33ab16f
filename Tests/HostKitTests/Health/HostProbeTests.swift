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
    ("x{le=\"1\"} 7 # {id=\"a b\"} 1 1.5", .sample("x", 7, ["le": "1"])), ("x 7 12 # {} 1", .sample("x", 7)),
    ("x # {} 1", nil), ("x 7 # 1", nil),
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
      return MetricQuery(MetricSelector(name: name, labels: labels), threshold: threshold)
        .judge(MetricLook(text, isCut: isCut))
    }
    #expect(try judge("up", ["job": "db"], "== 1") == .healthy)
    #expect(
      try judge("up", ["job": "app"], "== 1").reason
        == "up{i=\"2\",job=\"app\"} is 0.0, and not == 1.0")
    #expect(try judge("up", [:], "<= 1") == .healthy)
    #expect(try judge("other", [:], "> 5").reason?.contains("is 5.0") == true)
    #expect(try judge("down", [:], "> 5") == .unhealthy("there is no metric down"))
    #expect(try judge("up", ["job": "~a.*"], "== 0").reason?.contains("job=\"app\"} is 1.0") == true)
    #expect(try judge("up", ["job": "~a"], "== 0") == .unhealthy("there is no metric up{job=~\"a\"}"))
    guard case .unknown = try judge("down", [:], "> 5", isCut: true) else {
      Issue.record("a metric that may be in the part that was cut off was judged")
      return
    }
  }

  private static let unreadableTexts: [(String, String?)] = [
    ("up{i=\"1\"} 1\nup{i=\"2\"} 0 1 2 3\n", "a line of up can't be read: `up{i=\"2\"} 0 1 2 3`"),
    ("up 1\r\nup\r\n", "a line of up can't be read: `up`"), ("up 1\nuptime one\n# up one\n", nil),
    ("up{i=\"1\"} 1\nup{i=\"2\"} 0 # {} 1\n", "up{i=\"2\"} is 0.0, and not == 1.0"),
  ]

  @Test("a line of the metric that can't be read passes no check", arguments: unreadableTexts)
  func unreadable(text: String, reason: String?) throws {
    let query = MetricQuery(MetricSelector(name: "up"), threshold: try #require(MetricThreshold("== 1")))
    #expect(query.judge(MetricLook(text)).reason == reason)
  }

  private static let requests = (
    "requests{status=\"200\"} 100\nrequests{status=\"500\"} 1\nidle 0\nfree 5\ntotal 100\n",
    "requests{status=\"200\"} 190\nrequests{status=\"500\"} 6\nrequests{status=\"503\"} 5\nidle 0\nfree 5\ntotal 100\n"
  )

  private static let risingCases: [(String, String?, String?, String, String?)] = [
    // The runbook's alerts: errors a second, and what is free of all memory.
    ("requests:~5..", nil, "10", "< 0.6", nil),
    ("requests:~5..", nil, "10", "<= 0.4", "requests{status=\"500\"} rises by 0.5 a second, and not <= 0.4"),
    // What was not there at the first look began at 0; what is nowhere has not risen.
    ("requests:503", nil, "10", "< 0.5", "requests{status=\"503\"} rises by 0.5 a second, and not < 0.5"),
    ("requests:404", nil, "10", "< 0.1", nil), ("gone", nil, "10", "< 0.1", "there is no metric gone"),
    ("requests:~5..", "requests", "10", "< 0.2", nil),
    (
      "requests:~5..", "requests", "10", "< 0.1",
      "requests{status=~\"5..\"} / requests is 0.1 (1.0 of 10.0), and not < 0.1"
    ),
    ("free", "total", nil, ">= 0.05", nil),
    ("free", "total", nil, ">= 0.1", "free / total is 0.05 (5.0 of 100.0), and not >= 0.1"),
    ("idle", "idle", "10", "< 0.1", nil), ("free", "idle", nil, "< 0.1", "idle is 0: nothing can be a share of it"),
    ("free", "gone", nil, "< 0.1", "there is no metric gone"),
  ]

  @Test("what rises between two looks, and shares of sums, are compared as the alert rules do", arguments: risingCases)
  func overTime(of: String, per: String?, window: String?, threshold: String, reason: String?) throws {
    func selector(_ text: String) -> MetricSelector {
      let parts = text.split(separator: ":").map(String.init)
      return MetricSelector(name: parts[0], labels: parts.count > 1 ? ["status": parts[1]] : [:])
    }
    let seconds = window.flatMap { Int64($0) }
    let query = MetricQuery(
      selector(of), per: per.map(selector), window: seconds.map { .seconds($0) },
      threshold: try #require(MetricThreshold(threshold)))
    let start = Moment(nanoseconds: 0)
    let first = seconds.map { _ in MetricLook(Self.requests.0, at: start) }
    let last = MetricLook(Self.requests.1, at: start + .seconds(seconds ?? 0))
    #expect(query.judge(last, since: first).reason == reason)
  }

  @Test("a counter that went down was set back to 0 in between")
  func reset() throws {
    let query = MetricQuery(
      MetricSelector(name: "c"), window: .seconds(1), threshold: try #require(MetricThreshold("< 5")))
    let start = Moment(nanoseconds: 0)
    let result = query.judge(MetricLook("c 7", at: start + .seconds(1)), since: MetricLook("c 100", at: start))
    #expect(result.reason == "c rises by 7.0 a second, and not < 5.0")
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
