import RecoverTestSupport
import Testing

@testable import PostgresKit

@Suite("Sections of a dump")
struct DumpSectionTests {
  private static let header = """
    --
    -- PostgreSQL database dump
    --

    \\restrict KEY

    -- Dumped by pg_dump version 15.20

    SET statement_timeout = 0;

    """
  private static let footer = """
    --
    -- PostgreSQL database dump complete
    --

    \\unrestrict KEY


    """
  private static let entry = """

    --
    -- Name: t; Type: TABLE; Schema: public; Owner: postgres
    --

    CREATE TABLE t (a text DEFAULT '
    --
    -- PostgreSQL database dump complete
    --
    ');


    """

  @Test("header, settings and footer are found, also where the text between looks like a footer")
  func found() throws {
    let text = Array((Self.header + Self.entry + Self.footer).utf8)
    let footer = try #require(DumpSection.footerStart(in: text[...]))
    #expect(String(decoding: text[footer...], as: UTF8.self) == Self.footer)
    let settings = try #require(DumpSection.settingsStart(in: text[...]))
    #expect(text[settings...].starts(with: "SET statement_timeout".utf8))
    let entries = try #require(DumpSection.entriesStart(in: text[...]))
    #expect(text[entries...].starts(with: "--\n-- Name: t".utf8))
    #expect(DumpSection.footerStart(in: Array(Self.header.utf8)[...]) == nil)
    #expect(DumpSection.entriesStart(in: Array(Self.header.utf8)[...]) == nil)
  }
}
