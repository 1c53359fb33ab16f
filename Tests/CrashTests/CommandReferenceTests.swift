internal import RecoverTestSupport
internal import Testing

/// The reference of all commands is written by the binary, not by hand.
struct CommandReferenceTests {
  @Test("docs/commands.md says what the binary's own help says (`make docs` writes it)")
  func isCurrent() throws {
    let written = try TestProcess.output(["python3", "-B", "\(Fixtures.root)/scripts/docs", RecoverLab.binary])
    let kept = try TestProcess.output(["cat", "\(Fixtures.root)/docs/commands.md"])
    #expect(String(decoding: written, as: UTF8.self) == String(decoding: kept, as: UTF8.self))
  }
}
