/// Cuts what pg_dump and pg_restore write of one section into header, body and footer, so that several sections become
/// one dump.
package enum DumpSection {
  /// How much of a section's end holds its footer for certain.
  package static let footerLimit = 1024
  /// How much of a section's front holds its header for certain.
  package static let headerLimit = 8192

  private static let complete = Array("\n--\n-- PostgreSQL database dump complete\n--\n".utf8)

  /// Where the footer begins in the last bytes of a section; nil where there is none.
  package static func footerStart(in end: ArraySlice<UInt8>) -> Int? {
    var found: Int?
    var rest = end
    while let range = rest.firstRange(of: complete) {
      found = range.lowerBound + 1
      rest = rest[range.upperBound...]
    }
    return found
  }

  /// Where the settings begin in the first bytes of a section, after the banner and `\restrict`.
  package static func settingsStart(in front: ArraySlice<UInt8>) -> Int? {
    front.firstRange(of: Array("\nSET ".utf8)).map { $0.lowerBound + 1 }
  }

  /// Where the first entry begins in the first bytes of a section, after its settings.
  package static func entriesStart(in front: ArraySlice<UInt8>) -> Int? {
    let marks = ["\n--\n-- Name: ", "\n--\n-- Data for Name: "].compactMap { front.firstRange(of: Array($0.utf8)) }
    return marks.map { $0.lowerBound + 1 }.min()
  }
}
