internal import PostgresKit
internal import RecoverBase

/// How an archive is read as one plain dump: by which program, in which pieces, and what stands around them.
struct ArchiveLayout: Sendable {
  let program: ArchiveProgram
  /// The key of `\restrict`: of the table of contents, so that it is the same on each reading.
  let key: String
  /// What every script of pg_restore begins with, up to the first statement of an entry.
  let front: [UInt8]
  /// What it ends with: the line that says that it is whole.
  let end: [UInt8]
  let cuts: ArchiveCuts

  /// The line that every script ends with, whatever it holds.
  private static let endMark = Array("--\n-- PostgreSQL database dump complete\n--\n".utf8)

  /// Looks an archive up; reads none of its rows.
  ///
  /// - Throws: ``RecoverError`` `backupRefused` for one that is damaged, lacks a file, or needs a newer pg_restore.
  init(_ path: String, form: ArchiveForm, grain: ArchiveCuts.Grain, _ interruption: Interruption?) throws {
    let header = try ArchiveHeader(path, form: form)
    program = try ArchiveProgram.find(for: header, of: path)
    let text = try program.list(path, interruption)
    key = String(Digest(of: text).hex.prefix(32))
    let script = try program.emptyScript(of: path, key: key, interruption)
    guard let place = Self.lastIndex(of: Self.endMark, in: script) else {
      throw RecoverError(
        .missingRequirement,
        "\(program.text) does not end a script as any known pg_restore does",
        hint: "write the dump as SQL first: pg_restore -f backup.sql \(path)")
    }
    front = Array(script[..<place])
    end = Array(script[place...])
    let listing = ArchiveListing(text)
    // One reading of the table of contents takes about 2.5 ms a thousand entries.
    let mostPieces = form == .tar ? 8 : max(8, min(64, 200_000 / max(listing.entries.count, 1)))
    cuts = ArchiveCuts(listing, sizes: try Self.sizes(path, form, listing), mostPieces: mostPieces, grain: grain)
  }

  private static func lastIndex(of mark: [UInt8], in text: [UInt8]) -> Int? {
    guard text.count >= mark.count else { return nil }
    return (0...(text.count - mark.count)).last { text[$0...].starts(with: mark) }
  }

  /// The bytes of each entry's rows in the archive, by what its files tell.
  private static func sizes(
    _ path: String, _ form: ArchiveForm, _ listing: ArchiveListing
  ) throws -> [Int32: Int64]? {
    let members: [ArchiveFiles.Member]
    switch form {
    case .custom: return nil
    case .directory: members = try ArchiveFiles.members(ofDirectory: path)
    case .tar: members = try ArchiveFiles.members(ofTar: path)
    }
    // `3874.dat`, `3874.dat.gz`: the name before the first dot is the entry's number.
    var byEntry: [Int32: ArchiveFiles.Member] = [:]
    var largeObjectBytes: Int64 = 0
    for member in members {
      let parts = member.name.split(separator: ".")
      if parts.count >= 2, parts[1] == "dat", let id = Int32(parts[0]) { byEntry[id] = member }
      if member.name.hasPrefix("blob_") { largeObjectBytes += member.sizeBytes }
    }
    var sizes: [Int32: Int64] = [:]
    for entry in listing.entries {
      if entry.kind == .largeObjects { sizes[entry.id] = largeObjectBytes }
      guard entry.kind == .rows else { continue }
      guard let member = byEntry[entry.id] else {
        throw RecoverError(
          .backupRefused, "\(path) lacks the rows of a table: \(entry.id).dat is not there",
          hint: "copy the whole archive; this part of it would lose data")
      }
      if form == .directory { try ArchiveFiles.checkTable(member, in: path) }
      sizes[entry.id] = member.sizeBytes
    }
    return sizes
  }
}

/// Where the pieces of an archive end in the plain dump; known from the front on, as far as it was read.
struct ArchiveMap: Sendable, Hashable, Codable {
  /// The pg_restore that it is true of.
  var program: String
  /// The key of the archive that it is true of.
  var key: String
  var ends: [Int64] = []

  init(_ layout: ArchiveLayout) {
    program = layout.program.version.text
    key = layout.key
  }

  /// Whether it is of the same reading.
  func fits(_ other: ArchiveMap) -> Bool { program == other.program && key == other.key }
}
