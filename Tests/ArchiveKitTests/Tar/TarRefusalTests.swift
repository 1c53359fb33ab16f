internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import ArchiveKit

/// Archives that programs read in different ways, each made by hand.
@Suite("tar: two meanings are refused")
struct TarRefusalTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let build: @Sendable (inout TarBuilder) -> Void
    /// A part of the reason.
    let reason: String

    init(_ name: String, _ reason: String, _ build: @escaping @Sendable (inout TarBuilder) -> Void) {
      self.name = name
      self.reason = reason
      self.build = build
    }

    var testDescription: String { name }
  }

  private static func header(_ name: String, _ change: (inout TarBuilder.Header) -> Void) -> TarBuilder.Header {
    var header = TarBuilder.Header(name)
    change(&header)
    return header
  }

  static let cases: [Case] = [
    Case("two extended headers", "two extended headers") {
      $0.add(pax: [("path", "a")])
      $0.add(pax: [("path", "b")])
      $0.add(file: "f")
    },
    Case("an extended header at the end", "followed by no member") { $0.add(pax: [("path", "a")]) },
    Case("a long name at the end", "followed by no member") { $0.add(long: "a") },
    Case("two long names", "two long names") {
      $0.add(long: "a")
      $0.add(long: "b")
      $0.add(file: "f")
    },
    Case("a long name and an extended header with another one", "two long names") {
      $0.add(long: "a")
      $0.add(pax: [("path", "b")])
      $0.add(file: "f")
    },
    Case("an extended header and a long name", "two long names") {
      $0.add(pax: [("path", "b")])
      $0.add(long: "a")
      $0.add(file: "f")
    },
    Case("two long link targets", "two long link targets") {
      $0.add(long: "a", "K")
      $0.add(pax: [("linkpath", "b")])
      var link = TarBuilder.Header("l")
      link.typeflag = "2"
      $0.add(link)
    },
    Case("a global header between", "global header stands between") {
      $0.add(pax: [("path", "a")])
      $0.add(pax: [("comment", "b")], typeflag: "g")
      $0.add(file: "f")
    },
    Case("a global path", "of one member alone") {
      $0.add(pax: [("path", "a")], typeflag: "g")
      $0.add(file: "f")
    },
    Case("NUL in a path", "NUL") {
      $0.add(pax: [("path", "a\u{0}b")])
      $0.add(file: "f")
    },
    Case("NUL in a long name", "NUL") {
      $0.add(long: "a\u{0}b")
      $0.add(file: "f")
    },
    Case("an empty path", "takes its path away") {
      $0.add(pax: [("path", "")])
      $0.add(file: "f")
    },
    Case("two values of one keyword", "two values for path") {
      $0.add(pax: [("path", "a"), ("path", "b")])
      $0.add(file: "f")
    },
    Case("two values of one attribute", "two values for the attribute user.a") {
      $0.add(pax: [("SCHILY.xattr.user.a", "1"), ("LIBARCHIVE.xattr.user.a", "Mg")])
      $0.add(file: "f")
    },
    Case("a hard link with content", "has a size") {
      $0.add(file: "f")
      $0.add(Self.header("l") { ($0.typeflag, $0.linkName) = ("1", Array("f".utf8)) }, data: [1])
    },
    Case("a directory with content", "has a size") {
      $0.add(Self.header("d/") { $0.typeflag = "5" }, data: [1])
    },
    Case("a link to nothing", "link to nothing") { $0.add(Self.header("l") { $0.typeflag = "2" }) },
    Case("no name", "no name") { $0.add(file: "") },
    Case("a kind of its own", "unknown kind Q") { $0.add(Self.header("f") { $0.typeflag = "Q" }) },
    Case("another volume", "another volume") { $0.add(Self.header("f") { $0.typeflag = "M" }) },
    Case("a magic of no format", "magic") { $0.add(Self.header("f") { $0.magic = Array("ustar\u{1}00".utf8) }) },
    Case("a sparse file of star", "SCHILY.realsize") {
      $0.add(pax: [("SCHILY.realsize", "9")])
      $0.add(file: "f")
    },
    Case("names in another character set", "character set") {
      $0.add(pax: [("hdrcharset", "ISO-IR 8859 1 1998")])
      $0.add(file: "f")
    },
    Case("a number with a sign", "no number") {
      $0.add(pax: [("uid", "-1")])
      $0.add(file: "f")
    },
    Case("the owner that means nobody", "number that is not possible") {
      $0.add(pax: [("uid", "4294967295")])
      $0.add(file: "f")
    },
    Case("a time without digits", "no time") {
      $0.add(pax: [("mtime", "now")])
      $0.add(file: "f")
    },
    Case("a record whose length lies", "without its length") {
      $0.add(Self.header("x") { $0.typeflag = "x" }, data: Array("99 path=a\n".utf8))
      $0.add(file: "f")
    },
    Case("a record without a newline", "KEYWORD=VALUE") {
      $0.add(Self.header("x") { $0.typeflag = "x" }, data: Array("9 path=ab".utf8))
      $0.add(file: "f")
    },
    Case("a record without a keyword", "KEYWORD=VALUE") {
      $0.add(Self.header("x") { $0.typeflag = "x" }, data: Array("5 =a\n".utf8))
      $0.add(file: "f")
    },
    Case("an extended header of gigabytes", "larger than") {
      $0.add(Self.header("x") { ($0.typeflag, $0.size) = ("x", 1 << 31) })
    },
  ]

  @Test("two meanings", arguments: cases)
  func refused(one: Case) throws {
    let error = try #require(TarReading.refusal(TarBuilder.archive(one.build)))
    #expect(error.code == .backupRefused)
    #expect(error.message.contains(one.reason), "\(error.message)")
    #expect(error.message.contains("tar byte"))
  }
}
