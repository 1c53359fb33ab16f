internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import HostKit

@Suite("what Compose prints")
struct ComposeContainerTests {
  /// As Compose 2.17 prints it: an array, without labels.
  private static let array = """
    [{"ID":"4a1f","Name":"demo-app-1","Command":"\\"python app.py\\"","Project":"demo","Service":"app","State":"running",\
    "Health":"healthy","ExitCode":0,"Publishers":[{"URL":"0.0.0.0","TargetPort":8000,"PublishedPort":8000,"Protocol":"tcp"}]},\
    {"ID":"5b2e","Name":"demo-app-run-8d2f7c0a91be","Command":"\\"sh\\"","Project":"demo","Service":"app","State":"exited",\
    "Health":"","ExitCode":1,"Publishers":null},\
    {"ID":"6c3d","Name":"demo-db-1","Command":"\\"postgres\\"","Project":"demo","Service":"db","State":"exited",\
    "Health":"","ExitCode":2,"Publishers":null}]
    """

  /// As Compose 2.21 and later print it: an object a line, with labels.
  private static let lines = """
    {"Command":"\\"python app.py\\"","CreatedAt":"2026-11-23 07:00:00 +0000 UTC","ExitCode":0,"Health":"healthy",\
    "ID":"4a1f","Labels":"com.docker.compose.oneoff=False,com.docker.compose.service=app","Name":"demo-app-1",\
    "Project":"demo","RunningFor":"2 minutes ago","Service":"app","State":"running","Status":"Up 2 minutes (healthy)"}
    {"ExitCode":1,"Health":"","ID":"5b2e","Labels":"com.docker.compose.oneoff=True","Name":"demo-app-run-8d2f7c0a91be",\
    "Project":"demo","Service":"app","State":"exited","Status":"Exited (1) 1 hour ago"}

    {"ExitCode":2,"Health":"","ID":"6c3d","Labels":"com.docker.compose.oneoff=False","Name":"demo-db-1",\
    "Project":"demo","Service":"db","State":"exited","Status":"Exited (2) 1 hour ago"}
    """

  /// As `docker inspect` and `podman inspect` print it with our template.
  private static let inspect = """
    [{"Status":"running","Running":true,"Paused":false,"Restarting":false,"OOMKilled":false,"Dead":false,"Pid":4711,\
    "ExitCode":0,"Error":"","Health":{"Status":"healthy","FailingStreak":0,"Log":[]}},\
    {"com.docker.compose.oneoff":"False","com.docker.compose.service":"app"}]
    [{"Status":"exited","Running":false,"Pid":0,"ExitCode":1},\
    {"com.docker.compose.oneoff":"True","com.docker.compose.service":"app"}]
    [{"Status":"exited","Running":false,"Pid":0,"ExitCode":2},{"com.docker.compose.service":"db"}]
    """

  private static let expected = [
    ComposeContainer(service: "app", status: "running", exitCode: 0, health: "healthy", isOneOff: false),
    ComposeContainer(service: "app", status: "exited", exitCode: 1, health: "", isOneOff: true),
    ComposeContainer(service: "db", status: "exited", exitCode: 2, health: "", isOneOff: false),
  ]

  @Test("both forms of ps --format json say the same", arguments: [array, lines, "\n " + array, lines + "\n"])
  func psJSON(_ text: String) throws {
    #expect(try ComposeContainer.parse(psJSON: Array(text.utf8)) == Self.expected)
  }

  @Test("inspect says it too")
  func inspected() throws {
    #expect(try ComposeContainer.parse(inspect: Array(Self.inspect.utf8)) == Self.expected)
  }

  @Test("no container is no error", arguments: ["", "\n", "[]", "[]\n", " \r\n"])
  func none(_ text: String) throws {
    #expect(try ComposeContainer.parse(psJSON: Array(text.utf8)).isEmpty)
  }

  @Test(
    "what is something else is refused", arguments: ["null", "NAME  IMAGE\nx y", "[{}]", "{\"State\":1}", "[1", "{"])
  func unreadable(_ text: String) {
    for parse in [ComposeContainer.parse(psJSON:), ComposeContainer.parse(inspect:)] {
      let error = #expect(throws: RecoverError.self) { try parse(Array(text.utf8)) }
      #expect(error?.code == .checkFailed)
    }
  }

  @Test("ids are a line each, and nothing else is one")
  func ids() throws {
    let id = String(repeating: "0123456789abcdef", count: 4)
    #expect(try ComposeContainer.parse(ids: Array("\(id)\n0123456789ab\n".utf8)) == [id, "0123456789ab"])
    #expect(throws: RecoverError.self) { try ComposeContainer.parse(ids: Array("--help\n".utf8)) }
    #expect(throws: RecoverError.self) { try ComposeContainer.parse(ids: Array("\(id) x\n".utf8)) }
  }

  @Test("damaged output never traps")
  func random() throws {
    let texts = [Self.array, Self.lines, Self.inspect].map { Array($0.utf8) }
    try Property.check { generator in
      var bytes = generator.pick(texts)
      for _ in 0..<generator.int(1...3) where !bytes.isEmpty {
        let place = generator.int(0...(bytes.count - 1))
        if generator.chance(1, of: 3) {
          bytes.removeSubrange(place...)
        } else {
          bytes[place] = UInt8(generator.int(0...255))
        }
      }
      if let containers = try? ComposeContainer.parse(psJSON: bytes) { _ = ComposeContainer.state(of: containers) }
      _ = try? ComposeContainer.parse(inspect: bytes)
      _ = try? ComposeContainer.parse(ids: bytes)
    }
  }

  @Test(
    "the state of a service is what its containers agree on",
    arguments: [
      ([], ServiceState(.stopped, "no container")),
      (["running"], ServiceState(.running, "running")),
      (["running", "running"], ServiceState(.running, "2 containers: running")),
      (["exited 0"], ServiceState(.stopped, "exited with 0")),
      (["exited 137"], ServiceState(.stopped, "exited with 137")),
      (["exited 143"], ServiceState(.stopped, "exited with 143")),
      (["exited 1"], ServiceState(.failed, "exited with 1")),
      (["dead 0"], ServiceState(.failed, "dead with 0")),
      (["created"], ServiceState(.stopped, "created")),
      (["restarting"], ServiceState(.starting, "restarting")),
      (["paused"], ServiceState(.unknown, "paused")),
      (["something new"], ServiceState(.unknown, "something new")),
      (["running", "restarting"], ServiceState(.starting, "2 containers: restarting, running")),
      (["running", "exited 0"], ServiceState(.partial, "2 containers: exited with 0, running")),
      (["exited 0", "exited 1"], ServiceState(.failed, "2 containers: exited with 0, exited with 1")),
    ])
  func state(_ containers: [String], _ state: ServiceState) {
    let made = containers.map { text in
      let code = text.split(separator: " ").last.flatMap { Int($0) }
      let status = code == nil ? text : String(text.prefix { $0 != " " })
      return ComposeContainer(service: "app", status: status, exitCode: code ?? 0, health: "", isOneOff: false)
    }
    #expect(ComposeContainer.state(of: made) == state)
  }

  @Test("fewer containers than there have to be are a part of the service")
  func scale() {
    let one = ComposeContainer(service: "app", status: "running", exitCode: 0, health: "", isOneOff: false)
    #expect(
      ComposeContainer.state(of: [one, one], scale: 3) == ServiceState(.partial, "2 containers: running, and not 3"))
    #expect(ComposeContainer.state(of: [one, one], scale: 2).phase == .running)
    #expect(ComposeContainer.state(of: [], scale: 2).phase == .stopped)
  }

  @Test("the container's own check is told")
  func health() {
    var container = ComposeContainer(
      service: "app", status: "running", exitCode: 0, health: "starting", isOneOff: false)
    #expect(ComposeContainer.state(of: [container]) == ServiceState(.running, "running, starting"))
    container.health = "none"
    #expect(ComposeContainer.state(of: [container]) == ServiceState(.running, "running"))
  }

  @Test(
    "the version decides how to ask",
    arguments: [
      ("1.29.2\n", ComposeTool.StatusForm.inspect(engine: "docker")),
      ("docker-compose version 1.25.0, build unknown", .inspect(engine: "docker")),
      ("2.24.5", .json), ("v2.3.3", .json), ("10.0.0", .json), ("dev", .json), ("", .json),
    ])
  func version(_ text: String, _ form: ComposeTool.StatusForm) {
    #expect(ComposeTool.form(ofVersion: text) == form)
  }
}
