import RecoverBase
import RecoverEngine
import Testing

@testable import RecoverCLI

@Suite("Progress as text")
struct ProgressTextTests {
  struct Sample: Sendable {
    var done: Int64
    var total: Int64?
    var rate: Double?
    var text: String
  }

  static let samples = [
    Sample(
      done: 1_200_000_000, total: 4_000_000_000, rate: 120_000_000,
      text: "load  1.2 GB of 4.0 GB  30 %  120.0 MB/s  24s left"),
    Sample(done: 0, total: 100, rate: nil, text: "load  0 B of 100 B  0 %"),
    Sample(done: 999, total: 1000, rate: nil, text: "load  999 B of 1.0 kB  99 %"),
    Sample(done: 1000, total: 1000, rate: 10, text: "load  1.0 kB of 1.0 kB  100 %  10 B/s"),
    Sample(done: .max - 1, total: .max, rate: nil, text: "load  9223.4 PB of 9223.4 PB  99 %"),
    Sample(done: 1200, total: 1000, rate: 10, text: "load  1.2 kB of 1.0 kB  100 %  10 B/s"),
    Sample(done: 500, total: nil, rate: 10, text: "load  500 B  10 B/s"),
    Sample(done: 0, total: nil, rate: nil, text: "load"),
    Sample(done: 1, total: .max, rate: 1, text: "load  1 B of 9223.4 PB  0 %  1 B/s  over 99d left"),
    Sample(done: 1, total: 10, rate: .infinity, text: "load  1 B of 10 B  10 %"),
    Sample(done: 1, total: 10, rate: .nan, text: "load  1 B of 10 B  10 %"),
    Sample(done: 1, total: 10, rate: -5, text: "load  1 B of 10 B  10 %"),
  ]

  @Test("bytes, part, rate and time left are shown where they are known", arguments: samples)
  func line(_ sample: Sample) {
    #expect(
      ProgressText.line(
        step: "load", Progress(doneBytes: sample.done, totalBytes: sample.total), bytesPerSecond: sample.rate)
        == sample.text)
  }

  @Test("what is being worked on stands last")
  func detail() {
    #expect(
      ProgressText.line(step: "load", Progress(doneBytes: 1, detail: "public.users"), bytesPerSecond: nil)
        == "load  1 B  public.users")
  }

  @Test(
    "the time left has two units at most",
    arguments: [
      (0.2, "1s"), (24, "24s"), (130, "2m10s"), (3599.5, "1h"), (3900, "1h5m"), (3901, "1h6m"), (90_001, "1d2h"),
    ])
  func timeLeft(_ seconds: Double, _ text: String) {
    #expect(ProgressText.timeLeft(seconds: seconds) == text)
  }
}

@Suite("Rate meter")
struct RateMeterTests {
  /// A meter that was told of bytes at milliseconds.
  static func meter(_ samples: [(milliseconds: Int64, bytes: Int64)]) -> RateMeter {
    var meter = RateMeter()
    for sample in samples { meter.record(sample.bytes, at: Moment(nanoseconds: sample.milliseconds * 1_000_000)) }
    return meter
  }

  @Test("a rate needs two samples some time apart")
  func few() {
    #expect(Self.meter([]).bytesPerSecond == nil)
    #expect(Self.meter([(0, 5)]).bytesPerSecond == nil)
    #expect(Self.meter([(0, 0), (100, 500)]).bytesPerSecond == nil)
    #expect(Self.meter([(0, 0), (500, 500)]).bytesPerSecond == 1000)
  }

  @Test("only the last ten seconds count")
  func window() {
    let fast = (0...20).map { (milliseconds: Int64($0) * 1000, bytes: Int64($0) * 100) }
    let slow = (21...40).map { (milliseconds: Int64($0) * 1000, bytes: 2000 + (Int64($0) - 20) * 10) }
    #expect(Self.meter(fast + slow).bytesPerSecond == 10)
  }

  @Test("a resumed load is measured from where it goes on, and a new attempt from its start")
  func start() {
    #expect(Self.meter([(0, 1_000_000), (1000, 1_000_500)]).bytesPerSecond == 500)
    #expect(Self.meter([(0, 1_000_000), (1000, 0), (2000, 700)]).bytesPerSecond == 700)
  }

  @Test("thousands of samples a second change nothing")
  func many() throws {
    let meter = Self.meter((0...20_000).map { (milliseconds: Int64($0), bytes: Int64($0) * 3) })
    let rate = try #require(meter.bytesPerSecond)
    #expect(abs(rate - 3000) < 1)
  }
}
