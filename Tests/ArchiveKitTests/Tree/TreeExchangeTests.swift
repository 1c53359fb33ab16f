internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import ArchiveKit

@Suite("exchange of two trees", .serialized)
struct TreeExchangeTests {
  private struct Crash: Error {}

  /// `live` holds `old`, `entering` holds `new`.
  private static func lab() throws -> (ScratchDirectory, live: String, entering: String) {
    let scratch = try ScratchDirectory()
    try TestProcess.output(["sh", "-ec", "mkdir live entering; touch live/old entering/new"], directory: scratch.path)
    return (scratch, scratch.at("live"), scratch.at("entering"))
  }

  private static func names(_ scratch: ScratchDirectory) throws -> String {
    String(
      decoding: try TestProcess.output(
        ["sh", "-ec", "LC_ALL=C; for d in *; do echo $d: $(ls $d); done"], directory: scratch.path),
      as: UTF8.self)
  }

  private static let (before, after) = ("entering: new\nlive: old\n", "entering: old\nlive: new\n")

  @Test(
    "the file system of the tests exchanges atomically, and both ways end alike",
    arguments: [TreeExchange.Method.atomic, .renames])
  func exchange(method: TreeExchange.Method) throws {
    let (scratch, live, entering) = try Self.lab()
    var exchange = try TreeExchange(live: live, entering: entering)
    #expect(exchange.method == .atomic)
    exchange.method = method
    #expect(try exchange.probe() == .notExchanged)
    try exchange.perform()
    try exchange.perform()
    #expect(try exchange.probe() == .exchanged)
    #expect(try Self.names(scratch) == Self.after)
    try exchange.undo()
    try exchange.undo()
    #expect(try exchange.probe() == .notExchanged)
    #expect(try Self.names(scratch) == Self.before)
  }

  @Test("a name may have all the bytes that a name can have, unless a third name is needed")
  func longName() throws {
    let scratch = try ScratchDirectory()
    let name = String(repeating: "x", count: 255)
    try TestProcess.output(["sh", "-ec", "mkdir -p live/\(name) side/\(name)"], directory: scratch.path)
    let swap = try TreeSwap(observing: [name], home: scratch.at("live"), side: scratch.at("side"))
    try swap.perform()
    #expect(try swap.probe() == .exchanged)
    #expect(throws: RecoverError.self) { try TreeExchange.requireRoom(for: name, .renames) }
    try TreeExchange.requireRoom(for: String(repeating: "x", count: 249), .renames)
  }

  @Test(
    "from a crash at any point it goes on to the end, or back to the beginning", arguments: TreeExchange.Point.allCases,
    [true, false])
  func crashes(point: TreeExchange.Point, goesOn: Bool) throws {
    for method in [TreeExchange.Method.atomic, .renames] where method == .renames || point == .exchanged {
      let (scratch, live, entering) = try Self.lab()
      var exchange = try TreeExchange(live: live, entering: entering)
      exchange.method = method
      #expect(throws: Crash.self) { try exchange.perform { if $0 == point { throw Crash() } } }
      // What a run's journal keeps is all that the next process has.
      let kept = try JSONValue(encoding: exchange).decoded(as: TreeExchange.self)
      if goesOn {
        try kept.perform()
        #expect(try Self.names(scratch) == Self.after, "\(method)")
      } else {
        try kept.undo()
        #expect(try Self.names(scratch) == Self.before, "\(method)")
      }
    }
  }

  @Test("a way back that crashed goes on back", arguments: TreeExchange.Point.allCases)
  func crashedUndo(point: TreeExchange.Point) throws {
    let (scratch, live, entering) = try Self.lab()
    var exchange = try TreeExchange(live: live, entering: entering)
    exchange.method = .renames
    try exchange.perform()
    #expect(throws: Crash.self) { try exchange.undo { if $0 == point { throw Crash() } } }
    try exchange.undo()
    #expect(try Self.names(scratch) == Self.before)
  }

  @Test("somebody else's file under one of the names stops it, and nothing is lost")
  func drift() throws {
    for script in ["rm -r live", "rm -r live; mkdir live", "mv entering x", "mkdir entering.aside"] {
      let (scratch, live, entering) = try Self.lab()
      var exchange = try TreeExchange(live: live, entering: entering)
      exchange.method = .renames
      try TestProcess.output(["sh", "-ec", script], directory: scratch.path)
      let before = try Self.names(scratch)
      let error = #expect(throws: RecoverError.self) { try exchange.perform() }
      #expect(error?.code == .drifted)
      #expect(try Self.names(scratch) == before, "\(script)")
    }
  }

  @Test("another file system and a mount point are refused before anything is done")
  func mounts() throws {
    let (scratch, live, entering) = try Self.lab()
    #expect(throws: RecoverError.self) { try TreeExchange(live: live, entering: "/proc/self") }
    #expect(throws: RecoverError.self) { try TreeExchange(live: live, entering: scratch.at("nothing")) }
    guard geteuid() == 0, try TestProcess.run(["mount", "--bind", live, live]).status == 0 else { return }
    defer { _ = try? TestProcess.run(["umount", live]) }
    let error = #expect(throws: RecoverError.self) { try TreeExchange(live: live, entering: entering) }
    #expect(error?.message.contains("mount point") == true)
  }

  @Test("a file and a tree trade places as well, and a link itself, not what it points to")
  func kinds() throws {
    let scratch = try ScratchDirectory()
    try TestProcess.output(["sh", "-ec", "mkdir real; ln -s real live; echo new > entering"], directory: scratch.path)
    try TreeExchange(live: scratch.at("live"), entering: scratch.at("entering")).perform()
    let found = try TestProcess.output(["sh", "-ec", "cat live; readlink entering"], directory: scratch.path)
    #expect(String(decoding: found, as: UTF8.self) == "new\nreal\n")
  }
}
