internal import RecoverBase

/// Compares the lines of an index with the manifest, one after the other, in constant memory but for a sum a table.
///
/// An index that lies is found: its members have to follow one another without a gap up to the end of the file, and the
/// sums of their chunks have to be the sums of the manifest.
package struct IndexCheck: Sendable {
  private let manifest: BackupManifest
  private var members: Int64 = 0
  private var offset: Int64 = 0
  private var contentOffset: Int64 = 0
  private var sums: [ContentSum]
  private var chunks: [Int64]

  package init(_ manifest: BackupManifest) {
    self.manifest = manifest
    sums = Array(repeating: ContentSum(), count: manifest.tables.count)
    chunks = Array(repeating: 0, count: manifest.tables.count)
  }

  /// Takes the next member.
  ///
  /// - Throws: ``RecoverError`` `backupRefused` that names it.
  package mutating func take(_ entry: MemberEntry) throws {
    members += 1
    guard entry.offset == offset, entry.bytes > 0, entry.contentOffset == contentOffset, entry.contentBytes > 0 else {
      throw refused("member \(members) does not begin where the one before ends")
    }
    offset += entry.bytes
    contentOffset += entry.contentBytes
    guard entry.lines.map({ (0...entry.contentBytes).contains($0) }) ?? true else {
      throw refused("member \(members) has more lines than bytes")
    }
    guard entry.largeObjects != true || entry.chunks.isEmpty else {
      throw refused("member \(members) has rows, and is said to hold large objects alone")
    }
    var end: Int64 = 0
    for chunk in entry.chunks {
      guard manifest.tables.indices.contains(chunk.table) else {
        throw refused("member \(members) speaks of a table that the manifest does not have")
      }
      guard chunk.offset >= end, chunk.offset + chunk.content.bytes <= entry.contentBytes else {
        throw refused("a chunk of table \(manifest.tables[chunk.table].text) is not inside of member \(members)")
      }
      end = chunk.offset + chunk.content.bytes
      sums[chunk.table].add(chunk.content)
      chunks[chunk.table] += 1
    }
  }

  /// After the last member.
  ///
  /// - Throws: ``RecoverError`` `backupRefused` that names what lacks.
  package func finish() throws {
    guard members == manifest.dump.members else {
      throw refused("it has \(members) members, the manifest \(manifest.dump.members)")
    }
    guard offset == manifest.file(named: manifest.dump.file)?.bytes, contentOffset == manifest.dump.contentBytes else {
      throw refused("its members do not cover the whole file")
    }
    for (index, table) in manifest.tables.enumerated() {
      guard sums[index] == table.content, chunks[index] == table.chunks else {
        throw refused("its \(chunks[index]) chunks of table \(table.text) do not add up to what the manifest says")
      }
    }
  }

  private func refused(_ why: String) -> RecoverError {
    RecoverError(
      .backupRefused, "the index \(manifest.dump.index) lies: \(why)",
      hint: "the dump may be whole: gunzip -c reads it without the index; or use another backup")
  }
}

extension MemberEntry {
  /// What is in it, for messages: `rows of public.t`.
  package func describe(_ manifest: BackupManifest) -> String {
    let names = chunks.filter { manifest.tables.indices.contains($0.table) }.map { manifest.tables[$0.table].text }
    guard let first = names.first else { return "statements, and no rows" }
    return "rows of \(first)" + (names.count > 1 ? " and \(names.count - 1) more" : "")
  }
}
