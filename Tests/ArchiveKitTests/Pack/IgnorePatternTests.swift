internal import Testing

@testable internal import ArchiveKit

@Suite("patterns of what is left out")
struct IgnorePatternTests {
  /// Pattern, path, whether it is a directory, whether it matches; each checked with git check-ignore.
  static let cases: [(String, String, Bool, Bool)] = [
    ("a", "a", false, true), ("a", "x/a", false, true), ("a", "x/a/y", false, false), ("/a", "a", false, true),
    ("/a", "x/a", false, false), ("a/", "a", false, false), ("a/", "x/a", true, true), ("x/a", "x/a", false, true),
    ("x/a", "y/x/a", false, false), ("*.o", "f.o", false, true), ("*.o", "x/f.o", false, true),
    ("x/*.o", "x/f.o", false, true), ("x/*.o", "x/y/f.o", false, false), ("**/f", "f", false, true),
    ("**/f", "x/y/f", false, true), ("x/**", "x/y/z", false, true), ("x/**", "x", true, false),
    ("x/**/z", "x/z", false, true), ("x/**/z", "x/a/b/z", false, true), ("x/**/z", "x/a/b/y", false, false),
    ("f?", "fo", false, true), ("f?", "f", false, false), ("f?o", "f/o", false, false), ("[a-c]x", "bx", false, true),
    ("[a-c]x", "dx", false, false), ("[!a-c]x", "dx", false, true), ("[]]x", "]x", false, true),
    ("\\#a", "#a", false, true), ("\\!a", "!a", false, true), ("a\\ ", "a ", false, true), ("a ", "a", false, true),
    ("*a*b*c", "xxaxxbxxc", false, true), ("*a*b*c", "xxaxxcxxb", false, false),
    ("**/a/**/b", "a/x/a/y/b", false, true),
  ]

  @Test("a pattern means what gitignore(5) says", arguments: cases)
  func meaning(pattern: String, path: String, isDirectory: Bool, matches: Bool) throws {
    let found = try #require(IgnorePattern(Array(pattern.utf8)))
    let parts = Array(path.utf8).split(separator: UInt8(ascii: "/"))
    #expect(found.matches(parts, isDirectory: isDirectory) == matches)
  }

  @Test("empty lines and comments are no patterns", arguments: ["", "  ", "# a", "/", "!"])
  func none(line: String) { #expect(IgnorePattern(Array(line.utf8)) == nil) }

  @Test("a pattern made to take long does not")
  func hostile() throws {
    let stars = try #require(IgnorePattern(Array(repeatElement("*a", count: 100).joined().utf8)))
    #expect(!stars.matches([Array(repeating: UInt8(ascii: "a"), count: 255)[...], [1]], isDirectory: false))
    let name = Array(repeating: UInt8(ascii: "a"), count: 250) + [1]
    #expect(!stars.matches([name[...]], isDirectory: false))
    let deep = try #require(
      IgnorePattern(Array(repeatElement("**/a/", count: 100).joined().utf8) + [UInt8(ascii: "b")]))
    #expect(!deep.matches(Array(repeating: [UInt8(ascii: "a")], count: 2000), isDirectory: false))
  }
}
