internal import RecoverBase
internal import RecoverCore
internal import RecoverEngine
internal import RecoverTestSupport
internal import Testing

@Suite("run control")
struct RunControlTests {
  private static let pause = RunControl.Request.pause(Cause(code: .interrupted, message: "pause"))
  private static let otherPause = RunControl.Request.pause(Cause(code: .waiting, message: "pause, too"))
  private static let cancel = RunControl.Request.cancel(Cause(code: .cancelled, message: "cancel"))
  private static let stop = RunControl.Request.stop(Cause(code: .terminated, message: "stop"))
  private static let rising = [pause, cancel, stop]

  @Test("a stronger request replaces a weaker one, and nothing else changes it")
  func ranks() {
    for (first, one) in Self.rising.enumerated() {
      for (second, other) in (Self.rising + [Self.otherPause]).enumerated() {
        let control = RunControl()
        control.ask(one)
        control.ask(other)
        #expect(control.request == (second > first && second < 3 ? other : one))
      }
    }
  }

  @Test("clearing forgets the request that was carried out, not one that came since, and never a stop")
  func clearing() {
    let control = RunControl()
    control.ask(Self.pause)
    control.ask(Self.cancel)
    control.clear(Self.pause)
    #expect(control.request == Self.cancel)
    control.clear(Self.cancel)
    #expect(control.request == nil)
    control.ask(Self.stop)
    control.clear(Self.stop)
    #expect(control.request == Self.stop)
  }

  @Test("a wait ends once its request is asked, before it or after, or when its task is cancelled")
  func races() async throws {
    var generator = SeededGenerator(seed: SeededGenerator.runSeed)
    for _ in 0..<10_000 {
      let control = RunControl()
      let order = generator.int(0...3)
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await control.waitForRequest() }
        group.addTask { await control.waitForRequest(stopOnly: true) }
        switch order {
        case 0: group.addTask { control.ask(Self.stop) }
        case 1:
          group.addTask { control.ask(Self.pause) }
          group.addTask { control.ask(Self.stop) }
        case 2: group.cancelAll()
        default:
          group.addTask { control.ask(Self.cancel) }
          group.addTask {
            control.clear(Self.cancel)
            control.ask(Self.stop)
          }
        }
        // A wait that is never met would hang here.
        await group.waitForAll()
      }
    }
  }

  @Test("a wait for a stop sleeps through a pause and a cancel")
  func stopOnly() throws {
    let executor = ManualExecutor()
    let control = RunControl()
    let counter = Counter()
    let task = Task(executorPreference: executor) {
      await control.waitForRequest(stopOnly: true)
      counter.mark(1)
    }
    func settle() { while executor.runNext() {} }
    settle()
    control.ask(Self.pause)
    settle()
    control.ask(Self.cancel)
    settle()
    #expect(counter.marked == nil)
    control.ask(Self.stop)
    settle()
    #expect(counter.marked == 1)
    task.cancel()
  }

  @Test("of many who ask at once, the strongest is left, and everybody wakes")
  func manyAsk() async throws {
    for _ in 0..<1000 {
      let control = RunControl()
      await withTaskGroup(of: Void.self) { group in
        for _ in 0..<4 { group.addTask { await control.waitForRequest(stopOnly: true) } }
        for request in Self.rising.shuffled() { group.addTask { control.ask(request) } }
        await group.waitForAll()
      }
      #expect(control.request == Self.stop)
    }
  }
}
