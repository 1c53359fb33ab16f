import PostgresKit
import RecoverBase
import RecoverTestSupport
import Testing

@Suite("connection settings")
struct ConnectionSettingsTests {
  @Test(
    "a URI, pairs and parts say the same",
    arguments: [
      "postgresql://u:secret@h:5433/d", "postgres://u:secret@h:5433/d",
      "host=h port=5433 user=u password=secret dbname=d",
    ])
  func forms(text: String) throws {
    let settings = try ConnectionSettings(text)
    let parts = ConnectionSettings(host: "h", port: 5433, user: "u", database: "d", password: Secret("secret"))
    #expect(settings == parts)
    #expect(settings.redactedURL == "postgresql://u@h:5433/d")
    #expect(settings.hasPassword)
  }

  @Test(
    "the redacted URL reads back as the same settings without the password",
    arguments: [
      "postgresql:///", "postgresql:///d", "postgresql://h", "host=/tmp/a,/tmp/b port=1,2 dbname=x",
      "host=::1 dbname='a b/c?d@e'", "postgresql://u%40v@[::1]:7/d?sslmode=verify-full&options=-c%20geqo%3Doff",
      "service=x", "dbname='' user=u", "host=@abstract dbname=d", "host='' port=5",
    ])
  func roundTrip(text: String) throws {
    let settings = try ConnectionSettings(text)
    #expect(try ConnectionSettings(settings.redactedURL) == settings.replacing(password: nil))
  }

  @Test(
    "a password that is not escaped is refused, and no piece of it is repeated",
    arguments: [
      "postgresql://u:se@cret@h/d", "postgresql://u:se/cret@h/d", "postgresql://u:se:cret/x@h/d",
      "postgresql://u:%zzcret@h/d",
      "postgresql://h/d?hunter-secret", "password=se cret", "host=h secret", "postgresql://u:p@@secret/d",
      "postgresql://u@h:secret/d", "postgresql://u:p?sslmode=x&nosecret=1",
    ])
  func unescaped(text: String) throws {
    let error = #expect(throws: RecoverError.self) { _ = try ConnectionSettings(text) }
    #expect(error?.code == .usage)
    #expect(error.map { String(reflecting: $0).contains("cret") || "\($0)".contains("cret") } == false)
  }

  @Test("a key word with a typo names the right one")
  func typo() throws {
    let error = #expect(throws: RecoverError.self) { _ = try ConnectionSettings("postgresql://h/d?sslmod=require") }
    #expect(error?.hint?.contains("sslmode") == true)
  }

  @Test(
    "what is wrong is named where it can't be a piece of a password",
    arguments: [
      ("mysql://h/d", "mysql://"), ("postgresql://h/d?foo=bar", "`foo`"), ("postgresql://u:p@h:1/d?a=b", "`a`"),
    ])
  func named(text: String, part: String) throws {
    let error = #expect(throws: RecoverError.self) { _ = try ConnectionSettings(text) }
    #expect(error?.code == .usage)
    #expect(error?.message.contains(part) == true)
    #expect(error?.hint != nil)
  }

  @Test("another database keeps everything else")
  func replacing() throws {
    let settings = try ConnectionSettings("postgresql://u:p@h:1/d?sslmode=disable").replacing(database: "e/f")
    #expect(settings.redactedURL == "postgresql://u@h:1/e%2Ff?sslmode=disable")
    #expect(settings.hasPassword)
  }

  @Test("no description shows a password")
  func descriptions() throws {
    let settings = try ConnectionSettings("postgresql://u:canary@h/d?sslpassword=canary")
    var dumped = ""
    dump(settings, to: &dumped)
    for text in ["\(settings)", String(reflecting: settings), dumped, settings.redactedURL] {
      #expect(!text.contains("canary"))
    }
  }

  @Test("random URIs and pairs never crash, and never show the password")
  func random() throws {
    try Property.check { generator in
      let text = Self.randomText(&generator)
      do {
        let settings = try ConnectionSettings(text)
        var dumped = ""
        dump(settings, to: &dumped)
        for shown in ["\(settings)", dumped, settings.redactedURL] {
          try Property.require(!shown.contains("CANARY"), "\(text) is shown as \(shown)")
        }
        let again = try ConnectionSettings(settings.redactedURL)
        try Property.require(again == settings.forgettingSecrets(), "\(text) reads back as \(again.options)")
      } catch let error as RecoverError {
        try Property.require(error.code == .usage, "\(text) gave \(error)")
        try Property.require(!"\(error)".contains("CANARY"), "\(text) gave \(error)")
        try Property.require(!String(reflecting: error).contains("CANARY"), "\(text) gave \(error)")
      }
    }
  }

  /// A connection string with the word CANARY in its password and nowhere else, with mistakes now and then.
  private static func randomText(_ generator: inout SeededGenerator) -> String {
    let noise = [
      "", "a", "%", "%4", "%00", "%zz", ":", "/", "@", "?", "&", "=", "'", "\\", " ", "é", "\"", "[", "]", ",",
    ]
    func some(_ generator: inout SeededGenerator, _ most: Int) -> String {
      (0..<generator.int(0...most)).map { _ in generator.pick(noise) }.joined()
    }
    let secret = some(&generator, 2) + "CANARY" + some(&generator, 2)
    if generator.chance(1, of: 2) {
      let scheme = generator.pick(["postgres://", "postgresql://"])
      let host =
        generator.pick(["h", "", "[::1]", "h1,h2", "127.0.0.1", "%2Ftmp"])
        + (generator.chance(1, of: 4) ? some(&generator, 1) : "")
      let port = generator.pick(["", ":5432", ":1,2", ":x", ":99999"])
      let query = generator.pick([
        "", "?sslmode=require", "?user=v", "?" + some(&generator, 3), "?password=CANARY&host=x",
      ])
      return "\(scheme)u\(some(&generator, 1)):\(secret)@\(host)\(port)/d\(some(&generator, 1))\(query)"
    }
    let quoted = generator.chance(1, of: 2) ? "'\(secret)'" : secret
    return ["host=h", "password=\(quoted)", "dbname=d" + some(&generator, 1), "port=5" + some(&generator, 1)]
      .joined(separator: generator.pick([" ", "  ", "\n"]))
  }
}
