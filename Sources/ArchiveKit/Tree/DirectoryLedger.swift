internal import RecoverBase

/// The directories of a tree and what each is to have at the end, kept in a file without a name: memory holds a few dozen
/// bytes of each.
struct DirectoryLedger: ~Copyable {
  struct Record: Hashable {
    var path: TreePath
    var metadata: TreeMetadata
    /// Not in the archive, only its members are.
    var isMadeUp: Bool
  }

  private struct Entry {
    var offset: Int64
    var count: Int
    var depth: Int
  }

  private var file: UnnamedFile
  private var entries: [Entry] = []
  /// By the hash of the path; 64 bits tell a tree's directories apart.
  private var places: [Int: Int] = [:]

  /// - Parameter root: a directory on the file system that is to hold it.
  init(in root: borrowing TreeRoot) throws { file = try UnnamedFile(in: root) }

  func contains(_ path: TreePath) -> Bool { places[path.hashValue] != nil }

  /// Adds a directory, or replaces what was known of it.
  mutating func add(_ record: Record) throws {
    var writer = ByteWriter()
    writer.put(record.path.parts) { $0.put($1) }
    writer.put(record.isMadeUp ? 1 : 0)
    record.metadata.put(to: &writer)
    let entry = Entry(offset: file.byteCount, count: writer.bytes.count, depth: record.path.parts.count)
    try file.append(writer.bytes)
    if let place = places[record.path.hashValue] {
      entries[place] = entry
    } else {
      places[record.path.hashValue] = entries.count
      entries.append(entry)
    }
  }

  var count: Int { entries.count }

  /// Makes all that was added readable.
  mutating func flush() throws { try file.flush() }

  /// Gives each directory once, those in others first; after a ``flush()``.
  func forEach(_ body: (Record) throws -> Void) throws {
    let order = entries.indices.sorted { entries[$0].depth > entries[$1].depth }
    for index in order { try body(try record(entries[index])) }
  }

  private func record(_ entry: Entry) throws -> Record {
    var reader = ByteReader(try UnnamedFile.read(file.descriptor, at: entry.offset, count: entry.count))
    do {
      let parts = try reader.array { try $0.content() }
      let isMadeUp = try reader.number() == 1
      return Record(
        path: TreePath(parts: parts), metadata: try TreeMetadata(from: &reader), isMadeUp: isMadeUp)
    } catch {
      throw RecoverError(.bug, "the list of directories is damaged", underlying: error)
    }
  }
}
