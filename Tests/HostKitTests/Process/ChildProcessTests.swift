internal import Glibc
internal import RecoverBase
internal import Testing

@testable internal import HostKit

@Suite("children that end by themselves")
struct ChildProcessTests {
  @Test("the exit status comes back", arguments: [0, 1, 3, 127, 255] as [Int32])
  func status(_ status: Int32) async throws {
    try await Scratch.with { scratch in
      let result = try await ChildProcess.run(.shell("exit \(status)"), kind: .run, in: scratch.context())
      #expect(result.ending == .exited(status))
      #expect(result.ended.isEmpty)
    }
  }

  @Test("a signal comes back as one")
  func signal() async throws {
    try await Scratch.with { scratch in
      let result = try await ChildProcess.run(.shell("kill -USR1 $$"), kind: .run, in: scratch.context())
      #expect(result.ending == .signalled(SIGUSR1))
    }
  }

  @Test("both outputs are appended to the log, and a short one is its own tail")
  func log() async throws {
    try await Scratch.with { scratch in
      try scratch.write("step.log", "before\n")
      let result = try await ChildProcess.run(
        .shell("echo one; echo two >&2; echo"), kind: .run, in: scratch.context())
      #expect(try scratch.read("step.log") == "before\none\ntwo\n\n")
      #expect(result.tail == OutputTail(text: "one\ntwo\n\n", isCut: false, writtenBytes: 9))
      #expect(result.tail.lastLine == "two")
    }
  }

  @Test("of much output the last 8 KiB are kept, from the start of a line, and all of it is in the log")
  func longOutput() async throws {
    try await Scratch.with { scratch in
      let result = try await ChildProcess.run(Command(["seq", "1", "100000"]), kind: .run, in: scratch.context())
      #expect(result.tail.isCut)
      #expect(result.tail.writtenBytes == 588_895)
      #expect(result.tail.text.utf8.count <= OutputTail.limitBytes)
      let lines = result.tail.text.split(separator: "\n").compactMap { Int($0) }
      #expect(lines == Array((lines.first ?? 0)...100_000))
      #expect(lines.count > 1000)
      #expect(try scratch.read("step.log").utf8.count == 588_895)
    }
  }

  @Test("standard output can be kept apart, up to a limit, whatever its size")
  func captured() async throws {
    try await Scratch.with { scratch in
      let command = Command.shell("seq 1 100000; echo trouble >&2")
      let result = try await ChildProcess.run(command, kind: .probe, in: scratch.context(), outputBytes: 10)
      #expect(result.ending == .exited(0))
      #expect(String(decoding: result.output, as: UTF8.self) == "1\n2\n3\n4\n5\n")
      #expect(result.outputIsCut)
      #expect(try scratch.read("step.log") == "trouble\n")
    }
  }

  @Test("the environment is this one's, the command's and the marks")
  func environment() async throws {
    try await Scratch.with { scratch in
      let command = Command(["env"], environment: ["not.a-shell-name": "kept", "RECOVER_EPOCH": "1"])
      let result = try await ChildProcess.run(command, kind: .build, in: scratch.context(), outputBytes: 1 << 20)
      let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n").map(String.init)
      #expect(lines.contains("not.a-shell-name=kept"))
      #expect(lines.contains("RECOVER_RUN=run-1"))
      #expect(lines.filter { $0.hasPrefix("RECOVER_EPOCH=") } == ["RECOVER_EPOCH=7"])
      #expect(lines.contains { $0.hasPrefix("RECOVER_CHILD=build-") })
      #expect(lines.contains { $0.hasPrefix("PATH=") })
    }
  }

  @Test("a command that clears its environment runs")
  func clearedEnvironment() async throws {
    try await Scratch.with { scratch in
      let result = try await ChildProcess.run(
        Command(["env", "-i", "env"]), kind: .run, in: scratch.context(), outputBytes: 100)
      #expect(result.ending == .exited(0))
      #expect(result.output.isEmpty)
    }
  }

  @Test("it leads its own session, reads /dev/null, inherits no other descriptor, and is where it should be")
  func surroundings() async throws {
    try await Scratch.with { scratch in
      let script = """
        read -r line && exit 9
        set -- $(cat /proc/$$/stat); echo "$1 $5 $6"
        pwd
        for n in $(seq 3 99); do if [ -e /proc/$$/fd/$n ]; then echo "has $n"; fi; done
        """
      var command = Command.shell(script)
      command.directory = scratch.path
      let result = try await ChildProcess.run(command, kind: .run, in: scratch.context(), outputBytes: 4096)
      let pid = result.child.identity.pid
      let lines = String(decoding: result.output, as: UTF8.self).split(separator: "\n").map(String.init)
      #expect(lines == ["\(pid) \(pid) \(pid)", scratch.path])
    }
  }

  @Test("a script without an interpreter line is run by the shell, as execvp(3) does")
  func bareScript() async throws {
    try await Scratch.with { scratch in
      try scratch.write("bare", "echo \"$0 $1 $#\"\n", mode: 0o755)
      let result = try await ChildProcess.run(
        Command([scratch.file("bare"), "an argument"]), kind: .run, in: scratch.context(), outputBytes: 4096)
      #expect(String(decoding: result.output, as: UTF8.self) == "\(scratch.path)/bare an argument 1\n")
    }
  }

  @Test(
    "what can't be run is an error that names it",
    arguments: [
      (Command(["recover-no-such-program"]), "can't find the program recover-no-such-program"),
      (Command(["/nowhere/at/all"]), "can't run /nowhere/at/all: no such file or directory"),
      (Command(["/etc/passwd"]), "can't run /etc/passwd: permission denied"),
      (Command(["true"], directory: "/nowhere"), "can't enter the directory of true: no such file"),
    ])
  func unrunnable(_ command: Command, _ message: String) async throws {
    try await Scratch.with { scratch in
      let error = await #expect(throws: RecoverError.self) {
        _ = try await ChildProcess.run(command, kind: .run, in: scratch.context())
      }
      #expect(error?.code == .unreachable)
      #expect(error?.message.hasPrefix(message) == true, "\(error?.message ?? "")")
      #expect(error?.hint != nil)
    }
  }

  @Test("a failure says the status and the last line, and where the rest is")
  func failure() async throws {
    try await Scratch.with { scratch in
      let command = Command.shell("echo first; echo 'no space left' >&2; exit 2")
      let result = try await ChildProcess.run(command, kind: .build, in: scratch.context())
      let error = #expect(throws: RecoverError.self) {
        try result.requireSuccess("the build of app", logFile: scratch.logFile)
      }
      #expect(error?.code == .stepFailed)
      #expect(error?.message == "the build of app: /bin/sh exited with 2: no space left")
      #expect(error?.hint == "its whole output is in \(scratch.logFile)")
    }
  }

  @Test("a log that can't be written is an error before anything runs")
  func badLog() async throws {
    try await Scratch.with { scratch in
      var context = scratch.context()
      context.logFile = "/nowhere/step.log"
      let error = await #expect(throws: RecoverError.self) {
        _ = try await ChildProcess.run(.shell("touch \(scratch.file("ran"))"), kind: .run, in: context)
      }
      #expect(error?.message == "can't open the log file /nowhere/step.log: no such file or directory")
      #expect(!scratch.exists("ran"))
    }
  }
}
