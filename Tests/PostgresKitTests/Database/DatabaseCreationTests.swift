import PostgresKit
import RecoverBase
import RecoverTestSupport
import Testing

@Suite("the options of CREATE DATABASE")
struct DatabaseCreationTests {
  private typealias Locale = DatabaseCreation.LocaleChoice

  @Test(
    "are read as every version of pg_dump writes them",
    arguments: [
      (
        "CREATE DATABASE live WITH TEMPLATE = template0 ENCODING = 'UTF8' LOCALE_PROVIDER = libc LOCALE = 'C.UTF-8';",
        "live", DatabaseCreation(encoding: "UTF8", locale: Locale(provider: .libc, locale: "C.UTF-8"))
      ),
      (
        "CREATE DATABASE \"we \"\"ird\" WITH TEMPLATE = template0 ENCODING = 'LATIN1' LC_COLLATE = 'de_DE'"
          + " LC_CTYPE = 'C' TABLESPACE = fast;", "we \"ird",
        DatabaseCreation(encoding: "LATIN1", locale: Locale(collate: "de_DE", ctype: "C"), tablespace: "fast")
      ),
      (
        "CREATE DATABASE x WITH TEMPLATE = template0 OID = 16395 STRATEGY = FILE_COPY ENCODING = 'UTF8'"
          + " LOCALE_PROVIDER = icu LOCALE = 'C' ICU_LOCALE = 'de' ICU_RULES = E'&a < \\'b\\\\'"
          + " COLLATION_VERSION = '1.2';", "x",
        DatabaseCreation(
          encoding: "UTF8", locale: Locale(provider: .icu, locale: "C", name: "de", rules: "&a < 'b\\"))
      ),
      (
        "CREATE DATABASE x WITH TEMPLATE = template0 LOCALE_PROVIDER = builtin LOCALE = 'C' BUILTIN_LOCALE = 'C.UTF-8'",
        "x", DatabaseCreation(locale: Locale(provider: .builtin, locale: "C", name: "C.UTF-8"))
      ),
      ("create database Shop", "shop", DatabaseCreation()),
      (
        "CREATE DATABASE s OWNER joe TEMPLATE DEFAULT ENCODING DEFAULT CONNECTION LIMIT -1 IS_TEMPLATE true ;\n", "s",
        DatabaseCreation(owner: "joe")
      ),
    ])
  func parses(statement: String, name: String, creation: DatabaseCreation) throws {
    let parsed = try #require(DatabaseCreation.parse(statement))
    #expect(parsed.name == name)
    #expect(parsed.creation == creation)
  }

  @Test(
    "are refused in anything else",
    arguments: [
      "", "CREATE TABLE x (i int)", "CREATE DATABASE", "CREATE DATABASE x; DROP DATABASE y", "CREATE DATABASE \"x",
      "CREATE DATABASE x WITH ENCODING = 'UTF8", "CREATE DATABASE x WITH NONSENSE = 1", "CREATE DATABASE x ENCODING =",
      "CREATE DATABASE x LOCALE_PROVIDER = magic", "CREATE DATABASE x; -- y", "CREATE DATABASE x 'y' = z",
      "CREATE DATABASE x CONNECTION = 3", "CREATE DATABASE x OWNER = E'\\x41'",
    ])
  func refuses(statement: String) {
    #expect(DatabaseCreation.parse(statement) == nil)
  }

  @Test("no text makes the reader crash")
  func garbage() throws {
    let pieces = [
      "CREATE", " DATABASE ", "x", "\"", "'", "=", ";", "\\", "E'", "WITH", "LOCALE", " ", "ż", "\u{0}", "(",
    ]
    try Property.check { generator in
      let count = generator.int(0...12)
      let text = (0..<count).map { _ in generator.pick(pieces) }.joined(
        separator: generator.chance(1, of: 2) ? " " : "")
      guard let parsed = DatabaseCreation.parse(text) else { return }
      try Property.require(!parsed.name.isEmpty || text.contains("\"\"") || text.contains("''"), "no name in \(text)")
    }
  }
}
