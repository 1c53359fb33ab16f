internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport
internal import Testing

@testable internal import ArchiveKit

/// The archives of other projects, where they are on this machine: `../shared/corpora/tar`, or `RECOVER_TAR_CORPUS`.
enum TarCorpus {
  static let directory: String? = {
    let candidates = [environmentValue("RECOVER_TAR_CORPUS"), "/work/shared/corpora/tar"].compactMap { $0 }
    return candidates.first { unsafe access($0, R_OK) == 0 }
  }()

  /// Refused where GNU tar reads them, or reads a part of them; docs/tar-format.md says why.
  static let refused: Set<String> = [
    "go-1c51fc286aa95d9413226599576bafa38490b1e292375c90de095855b64caea6",
    "go-gnu-incremental.tar", "go-gnu-long-nul.tar", "go-gnu-multi-hdrs.tar", "go-nil-uid.tar",
    "go-notenoughnils.tar.gz", "go-pax-bad-hdr-large.tar.bz2", "go-ustar-file-reg.tar",
    "go-pax-bad-mtime-file.tar",
    "go-pax-global-records.tar", "go-pax-multi-hdrs.tar", "go-pax-nul-path.tar", "go-pax-path-hdr.tar",
    "go-pax-pos-size-file.tar", "rs-empty_filename.tar", "rs-pax_size.tar",
  ]
}

@Suite("tar archives of other projects", .enabled(if: TarCorpus.directory != nil))
struct TarCorpusTests {
  @Test("our listing is GNU tar's, or the refusal is a documented one")
  func listings() throws {
    let directory = try #require(TarCorpus.directory)
    let names = try TestProcess.output(["ls", directory]).split(separator: UInt8(ascii: "\n"))
      .map { String(decoding: $0, as: UTF8.self) }
    #expect(names.count >= 70)
    var refused: Set<String> = []
    for name in names {
      let path = "\(directory)/\(name)"
      let theirs = try TarListing.gnu(path)
      do {
        let ours = try Self.listing(path)
        #expect(theirs == ours, "\(name)")
      } catch let error as RecoverError {
        #expect(error.code == .backupRefused, "\(name): \(error)")
        if theirs != nil { refused.insert(name) }
      }
    }
    #expect(refused == TarCorpus.refused)
  }

  private static func listing(_ path: String) throws -> [TarListing] {
    var reader = try TarFile(path: path).open()
    var listing: [TarListing] = []
    while let member = try reader.next() { listing.append(TarListing(member)) }
    return listing
  }
}
