import RecoverBase
import RecoverEngine
import Testing

@testable import RecoverCLI

@Suite("Progress on a screen")
struct ProgressScreenTests {
  static let time = WallTime(microseconds: 1_795_416_691_000_000)
  static let erase = "\r\u{1B}[K"

  static func moment(_ milliseconds: Int64) -> Moment { Moment(nanoseconds: milliseconds * 1_000_000) }

  /// The live line at a time.
  static func update(_ screen: inout ProgressScreen, _ bytes: Int64, at milliseconds: Int64, columns: Int = 80)
    -> String
  {
    screen.update(
      step: "load", Progress(doneBytes: bytes, totalBytes: 10_000, detail: "t"), at: moment(milliseconds), time: time,
      columns: columns)
  }

  @Test("elsewhere than on a terminal each event is one plain line, and progress is none")
  func plain() {
    var screen = ProgressScreen(mode: .plain, steps: ["load"])
    #expect(
      screen.event("load: begins", step: "load", at: Self.time, isEnd: false, columns: 10) == "06:51:31Z load: begins\n"
    )
    #expect(Self.update(&screen, 1, at: 0) == "")
    #expect(
      screen.event("load: done", step: "load", at: Self.time, isEnd: true, columns: 10) == "06:51:31Z load: done\n")
    #expect(screen.clear() == "")
  }

  @Test("elsewhere progress is a line when a tenth more is done, ten seconds apart, or after a minute")
  func plainProgress() {
    var screen = ProgressScreen(mode: .plain, steps: ["load"])
    #expect(Self.update(&screen, 0, at: 0) == "")
    #expect(Self.update(&screen, 900, at: 10_000) == "", "less than a tenth")
    #expect(Self.update(&screen, 1000, at: 10_000).hasPrefix("06:51:31Z load:  1.0 kB of 10.0 kB  10 %"))
    #expect(Self.update(&screen, 5000, at: 19_999) == "", "less than ten seconds after the last line")
    #expect(Self.update(&screen, 5000, at: 20_000).contains("  50 %"))
    #expect(Self.update(&screen, 5001, at: 79_999) == "")
    #expect(Self.update(&screen, 5001, at: 80_000).contains("  50 %"), "a minute after the last line")
    #expect(Self.update(&screen, 10, at: 200_000) == "", "a new attempt starts the clock anew")
  }

  @Test("a silent screen writes nothing")
  func silent() {
    var screen = ProgressScreen(mode: .silent, steps: [])
    #expect(screen.event("x", step: nil, at: Self.time, isEnd: true, columns: 80) == "")
    #expect(Self.update(&screen, 1, at: 0) == "")
  }

  @Test("on a terminal the line is redrawn, and an end takes its place")
  func live() {
    var screen = ProgressScreen(mode: .live, steps: ["load", "verify"])
    #expect(screen.event("load: begins", step: "load", at: Self.time, isEnd: false, columns: 80) == "load: begins")
    #expect(Self.update(&screen, 1000, at: 0) == Self.erase + "load    1.0 kB of 10.0 kB  10 %  t")
    #expect(
      Self.update(&screen, 2000, at: 1000) == Self.erase + "load    2.0 kB of 10.0 kB  20 %  1.0 kB/s  8s left  t")
    #expect(
      screen.event("load: done", step: "load", at: Self.time, isEnd: true, columns: 80)
        == Self.erase + "06:51:31Z load: done\n")
    #expect(screen.clear() == "")
  }

  @Test("the line is redrawn ten times a second at most, and the rate still counts every byte")
  func throttled() {
    var screen = ProgressScreen(mode: .live, steps: [])
    #expect(Self.update(&screen, 0, at: 0) != "")
    #expect(Self.update(&screen, 400, at: 99) == "")
    #expect(Self.update(&screen, 500, at: 500).hasSuffix("1.0 kB/s  10s left  t"))
  }

  @Test("a statement that may take long is named at once, without a rate and a time left that would be wrong")
  func statement() {
    var screen = ProgressScreen(mode: .live, steps: [])
    _ = Self.update(&screen, 0, at: 0)
    _ = Self.update(&screen, 9000, at: 1000)
    let index = Progress(doneBytes: 9999, totalBytes: 10_000, detail: "CREATE INDEX i", isMeasured: false)
    let line = screen.update(step: "load", index, at: Self.moment(1001), time: Self.time, columns: 80)
    #expect(line == Self.erase + "load  10.0 kB of 10.0 kB  99 %  CREATE INDEX i")
    var plain = ProgressScreen(mode: .plain, steps: [])
    #expect(plain.update(step: "load", index, at: Self.moment(0), time: Self.time, columns: 80) == "")
    let later = plain.update(step: "load", index, at: Self.moment(10_000), time: Self.time, columns: 80)
    #expect(later == "06:51:31Z load:  10.0 kB of 10.0 kB  99 %  CREATE INDEX i\n")
  }

  @Test("what stands for long gets a clock: on a terminal on its line, elsewhere a line a minute")
  func clock() {
    func later(_ seconds: Int64) -> WallTime { Self.time + .seconds(seconds) }
    let index = Progress(doneBytes: 9999, detail: "CREATE INDEX i", isMeasured: false)
    var screen = ProgressScreen(mode: .live, steps: [])
    _ = screen.update(step: "load", index, at: Self.moment(0), time: Self.time, columns: 80)
    #expect(screen.tick(at: later(2), columns: 80) == "")
    #expect(screen.tick(at: later(3), columns: 80) == Self.erase + "load  10.0 kB  CREATE INDEX i  3s")
    #expect(screen.tick(at: later(64), columns: 80) == Self.erase + "load  10.0 kB  CREATE INDEX i  1m4s")
    _ = screen.event("load: done", step: "load", at: later(65), isEnd: true, columns: 80)
    #expect(screen.tick(at: later(80), columns: 80) == "")
    var plain = ProgressScreen(mode: .plain, steps: [])
    _ = plain.event("prove: begins", step: "prove", at: Self.time, isEnd: false, columns: 80)
    #expect(plain.tick(at: later(59), columns: 80) == "")
    #expect(plain.tick(at: later(60), columns: 80) == "06:52:31Z prove: begins, for 1m\n")
    #expect(plain.tick(at: later(61), columns: 80) == "")
    #expect(plain.tick(at: later(120), columns: 80) == "06:53:31Z prove: begins, for 2m\n")
    var silent = ProgressScreen(mode: .silent, steps: [])
    _ = silent.update(step: "load", index, at: Self.moment(0), time: Self.time, columns: 80)
    #expect(silent.tick(at: later(100), columns: 80) == "")
  }

  @Test("a step that ended is measured anew when it runs again")
  func again() {
    var screen = ProgressScreen(mode: .live, steps: [])
    _ = Self.update(&screen, 0, at: 0)
    _ = screen.event("load: failed", step: "load", at: Self.time, isEnd: true, columns: 80)
    _ = Self.update(&screen, 5000, at: 1000)
    #expect(Self.update(&screen, 6000, at: 2000).hasSuffix("60 %  1.0 kB/s  4s left  t"))
  }

  @Test("a line that is longer than the terminal is cut, so that it can be taken back")
  func narrow() {
    var screen = ProgressScreen(mode: .live, steps: [])
    #expect(Self.update(&screen, 1000, at: 0, columns: 24) == "load  1.0 kB of 10.0 k…")
    #expect(screen.clear() == Self.erase)
    #expect(screen.clear() == "")
  }

  @Test("names from a dump can't move the cursor")
  func hostile() {
    var screen = ProgressScreen(mode: .live, steps: [])
    let line = screen.update(
      step: "load", Progress(doneBytes: 1, detail: "public.\u{1B}]0;x\u{7}"), at: Self.moment(0), time: Self.time,
      columns: 80)
    #expect(line == "load  1 B  public.\\u{1B}]0;x\\u{7}")
    var plain = ProgressScreen(mode: .plain, steps: [])
    #expect(
      plain.event("a\nb", step: nil, at: Self.time, isEnd: true, columns: 80) == "06:51:31Z a\\u{A}b\n")
  }
}
