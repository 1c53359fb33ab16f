import ArgumentParser
import FoundationEssentials
import RecoverBase
import RecoverCore
import RecoverEngine
import Testing

@testable import RecoverCLI

@Suite("Naming a run")
struct RunArgumentTests {
  static let runs = [RunID(seconds: 1, random: 1), RunID(seconds: 1, random: 2), RunID(seconds: 2, random: 3)]

  @Test("a whole name, a beginning, an end or `last` will do where it is the only one")
  func found() throws {
    #expect(try RunArgument.find("last", among: Self.runs) == Self.runs[2])
    #expect(try RunArgument.find(Self.runs[0].text.uppercased(), among: Self.runs) == Self.runs[0])
    #expect(try RunArgument.find("02", among: Self.runs) == Self.runs[1])
  }

  @Test("none and several are refused", arguments: ["", "zz", "0", "last "])
  func refused(_ text: String) {
    #expect(throws: RecoverError.self) { try RunArgument.find(text, among: Self.runs) }
    #expect(throws: RecoverError.self) { try RunArgument.find("last", among: []) }
  }

  @Test("a copied command finds the same directories, wherever it is pasted")
  func place() throws {
    let here = ProcessEnvironment.currentDirectory
    #expect(try GlobalOptions.parse([]).place == CommandPlace())
    let place = try GlobalOptions.parse(["--state", "a/b", "--policy", "/p"]).place
    #expect(place == CommandPlace(state: "\(here)/a/b", policy: "/p"))
  }

  @Test("reading a state directory that is not there makes none")
  func reading() throws {
    let directory = "/tmp/recover-cli-tests-\(UInt64.random(in: 0...UInt64.max))"
    defer { try? FileManager.default.removeItem(atPath: directory) }
    #expect(try SQLiteStore(existingIn: directory) == nil)
    #expect(!FileManager.default.fileExists(atPath: directory))
    _ = try SQLiteStore(directory: directory)
    #expect(try SQLiteStore(existingIn: directory) != nil)
  }
}
