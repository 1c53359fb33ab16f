"""Samples for `scripts/tidy --self-test`: what each rule must find, and what none may find."""


def lines(count):
    return "    work()\n" * count


STEPS = "Sources/RecoverSteps/Some.swift"
TEST = "Tests/RecoverCoreTests/SomeTests.swift"

# Rule, path, text: this rule fires, and no other.
BAD = [
    ("layer", "Sources/RecoverCore/A.swift", "internal import FoundationEssentials\n"),
    ("layer", "Sources/RecoverCore/A.swift", "internal import Glibc\n"),
    ("layer", "Sources/RecoverEngine/A.swift", "package import PostgresKit\n"),
    ("layer", "Sources/PostgresKit/A.swift", "@preconcurrency internal import struct ArchiveKit.Inflater\n"),
    ("layer", STEPS, "internal import RecoverCore\n  internal import GRDB\n"),
    ("layer", "Sources/RecoverCLI/A.swift", "import Foundation\n"),
    ("layer", "Sources/Unheard/A.swift", "let one = 1\n"),
    ("composition", "Sources/RecoverCLI/Commands/Runs/Show.swift",
     "internal import HostKit\ninternal import RecoverEngine\n"),
    ("function-length", STEPS, "func long() {\n" + lines(69) + "}\n"),
    ("function-length", STEPS, "struct S {\n  init(\n    a: Int = { 1 }()\n  ) {\n" + lines(67) + "  }\n}\n"),
    ("function-length", STEPS, "struct S {\n  var all: [Int] {\n" + lines(69) + "  }\n}\n"),
    ("function-length", TEST, "@Test func `a { name`() {\n" + lines(69) + "}\n"),
    ("function-length", STEPS, 'func long() {\n  let a = "\\(f("}"))}"\n  /* } /* } */ } */\n' + lines(67) + "}\n"),
    ("file-length", STEPS, "let one = 1\n" * 501),
    ("file-length", "scripts/some", "true\n" * 501),
    ("public", STEPS, "public struct S {}\n"),
    ("public", STEPS, "  public private(set) var x = 1\n"),
    ("public", STEPS, "open class C {}\n"),
    ("try!", STEPS, "let a = try! f()\n"),
    ("as!", STEPS, "let a = b as! C\n"),
    ("fatal-error", STEPS, 'let a = b ?? { fatalError("no b") }()\n'),
    ("detached-task", STEPS, "Task.detached { f() }\n"),
    ("nonisolated-unsafe", STEPS, "nonisolated(unsafe) var a = 1\n"),
    ("unchecked-sendable", STEPS, "\nfinal class C: @unchecked Sendable {}\n"),
    ("print", STEPS, 'print("a")\n'),
    ("print", "Sources/RecoverCLI/Commands/A.swift", "Swift.print(a)\n"),
    ("sleep", TEST, "try await Task.sleep(for: .seconds(1))\n"),
    ("sleep", TEST, "unsafe usleep(100)\n"),
    ("trailing-space", "README.md", "a \n"),
    ("trailing-space", STEPS, "let one = 1  \n"),
    ("tab", STEPS, "\tlet one = 1\n"),
    ("dead-link", "README.md", "See [this](docs/none.md#part).\n"),
    ("dead-link", "docs/some.md", "See [this](../../shared/design.md).\n"),
    ("dead-link", "README.md", "[this]: none.md\n"),
    ("dead-link", "README.md", "![picture](/docs/none.png)\n"),
]

# Path, text: no rule fires.
GOOD = [
    ("Sources/RecoverCore/A.swift", "package import RecoverBase\n// internal import Glibc\n"),
    ("Sources/RecoverCLI/Composition.swift", "internal import HostKit\ninternal import RecoverEngine\n"),
    ("Sources/RecoverCLI/Composition+Runs.swift", "internal import HostKit\ninternal import RecoverEngine\n"),
    ("Sources/RecoverCLI/Commands/Doctor.swift", "internal import HostKit\ninternal import RecoverCore\n"),
    (TEST, "internal import Testing\n@testable internal import GRDB\n"),
    (STEPS, "func short() {\n" + lines(68) + "}\n"),
    (STEPS, "protocol P {\n  func f()\n  var a: Int { get }\n}\nstruct S {\n" + lines(80) + "}\n"),
    (STEPS, "extension S {\n  func f(_ g: () -> Int = { 1 }) {}\n" + lines(80) + "}\n"),
    (STEPS, "struct S {\n  let all: [Int] = {\n" + lines(80) + "  }()\n}\n"),
    (STEPS, '// try! public\nlet a = "public var x = try! \\(b["as!"]) print("\nlet b = #"fatalError("#\n'),
    (STEPS, 'let a = """\n  print("public struct {")\n  """\n'),
    (STEPS, "log(level: .public, value)\nlogger.print(a)\nfunc print(_ a: Int) {}\n"),
    (STEPS, '// The table above has every kind.\nfatalError("no kind")\n'),
    (STEPS, "/// Its state is behind a lock.\n@available(*, noasync)\nfinal class C: @unchecked Sendable {}\n"),
    (STEPS, "try await Task.sleep(for: pause)\n"),
    ("Sources/RecoverCLI/Output/Lines.swift", "print(line)\n"),
    ("Makefile", "a:\n\ttrue\n"),
    ("docs/some.md", "`[a](b)` [web](https://example.org/a) [part](#part) [up](../Makefile)\n```\n[a](b)\n```\n"),
]
