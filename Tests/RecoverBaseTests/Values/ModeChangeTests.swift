internal import Testing

@testable internal import RecoverBase

@Suite("changes of modes")
struct ModeChangeTests {
  @Test(
    "modes become what chmod makes of them",
    arguments: [
      ("u=rwX,g=rX,o=", 0o644, false, 0o640), ("u=rwX,g=rX,o=", 0o755, false, 0o750),
      ("u=rwX,g=rX,o=", 0o700, true, 0o750), ("a=r", 0o777, false, 0o444), ("=rX", 0o600, true, 0o555),
      ("go-w", 0o666, false, 0o644), ("ug+x,o-r", 0o644, false, 0o750), ("+X", 0o644, false, 0o644),
      ("o=", 0o1777, true, 0o1770), ("u-x,+X", 0o700, false, 0o600), ("go=", 0o4755, false, 0o4700),
    ] as [(String, UInt16, Bool, UInt16)])
  func applied(text: String, mode: UInt16, isDirectory: Bool, expected: UInt16) throws {
    #expect(try #require(ModeChange(text)).applied(to: mode, isDirectory: isDirectory) == expected)
  }

  @Test(
    "what chmod would take for something else is none", arguments: ["", "640", "u=rwX,", "u", "z=r", "u=s", "u=r w"])
  func refused(text: String) { #expect(ModeChange(text) == nil) }
}
