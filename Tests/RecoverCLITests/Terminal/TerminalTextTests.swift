import RecoverTestSupport
import Testing

@testable import RecoverCLI

@Suite("Text for terminals")
struct TerminalTextTests {
  @Test(
    "what moves the cursor or turns text around is written out",
    arguments: [
      ("\u{1B}[2Jgone", "\\u{1B}[2Jgone"), ("a\rb", "a\\u{D}b"), ("a\tb", "a b"), ("a\nb", "a\\u{A}b"),
      ("\u{9B}31m", "\\u{9B}31m"), ("x\u{202E}y", "x\\u{202E}y"), ("plain é 漢 🎉", "plain é 漢 🎉"),
      ("\r\n", "\\u{D}\\u{A}"),
    ])
  func safe(_ text: String, _ expected: String) {
    #expect(TerminalText.safe(text) == expected)
  }

  @Test("line breaks stay where they may")
  func lines() {
    #expect(TerminalText.safe("a\nb\u{7}", keepsLines: true) == "a\nb\\u{7}")
  }

  @Test("wide characters take two columns and marks none")
  func width() {
    #expect(TerminalText.width("abc") == 3)
    #expect(TerminalText.width("漢字") == 4)
    #expect(TerminalText.width("e\u{301}") == 1)
    #expect(TerminalText.padded("漢", columns: 4) == "漢  ")
    #expect(TerminalText.padded("abc", columns: 2) == "abc")
  }

  @Test(
    "a text is cut where it would not fit",
    arguments: [
      ("abcdef", 6, "abcdef"), ("abcdef", 5, "abcd…"), ("漢字漢字", 6, "漢字…"), ("漢字漢字", 5, "漢字…"), ("ab", 1, "…"),
      ("ab", 0, ""),
    ])
  func fitted(_ text: String, _ columns: Int, _ expected: String) {
    #expect(TerminalText.fitted(text, columns: columns) == expected)
  }

  @Test("any text is safe afterwards, and never wider than its columns")
  func property() throws {
    try Property.check { random in
      let scalars = (0..<random.int(0...12)).compactMap { _ in
        Unicode.Scalar(UInt32(random.int(0...(random.chance(1, of: 2) ? 0x2FF : 0x2_FFFF))))
      }
      let text = String(String.UnicodeScalarView(scalars))
      let safe = TerminalText.safe(text)
      try Property.require(TerminalText.safe(safe) == safe, "not safe: \(safe.debugDescription)")
      let columns = random.int(0...12)
      let fitted = TerminalText.fitted(safe, columns: columns)
      try Property.require(TerminalText.width(fitted) <= columns, "\(fitted.debugDescription) in \(columns)")
    }
  }
}
