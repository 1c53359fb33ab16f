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
    let bytes = record.bytes
    let entry = Entry(offset: file.byteCount, count: bytes.count, depth: record.path.parts.count)
    try file.append(bytes)
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
    do {
      return try Record(try UnnamedFile.read(file.descriptor, at: entry.offset, count: entry.count))
    } catch is ByteReader.Damaged {
      throw RecoverError(.bug, "the list of directories is damaged")
    }
  }
}

extension DirectoryLedger.Record {
  var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.put(path.parts) { $0.put($1) }
    writer.put(isMadeUp ? 1 : 0)
    metadata.put(to: &writer)
    return writer.bytes
  }

  init(_ bytes: [UInt8]) throws {
    var reader = ByteReader(bytes)
    path = TreePath(parts: try reader.array { try $0.content() })
    isMadeUp = try reader.number() == 1
    metadata = try TreeMetadata(from: &reader)
  }
}
