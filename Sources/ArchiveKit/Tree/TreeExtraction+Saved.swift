internal import Glibc
internal import RecoverBase

/// The record of an extraction in a file, so that another process can prove what this one has made.
extension TreeExtraction {
  private enum Kind: UInt8 {
    case directory = 0
    case member = 1
    /// The last record: a file that lacks it was cut off.
    case end = 2
  }

  /// Writes it into a directory of ours, and to the disk.
  package mutating func save(in directory: borrowing StagingDirectory, as name: String) throws {
    var file = try directory.newFile(named: name)
    try file.append([comparesRoot ? 1 : 0])
    let queue = try members.queue()
    while let records = try queue.next() {
      for record in records { try Self.append(.member, record.bytes, to: &file) }
    }
    try directories.flush()
    try directories.forEach { try Self.append(.directory, $0.bytes, to: &file) }
    try Self.append(.end, [], to: &file)
    try file.flush()
    guard fsync(file.descriptor) == 0 else {
      throw RecoverError.system(.stepFailed, "can't write \(directory.path)/\(name) to the disk")
    }
  }

  /// Reads what ``save(in:as:)`` wrote.
  ///
  /// - Throws: ``RecoverError`` `stepFailed` for a record that is not there, or not whole.
  package static func saved(in directory: borrowing StagingDirectory, as name: String) throws -> TreeExtraction {
    let path = "\(directory.path)/\(name)"
    let descriptor = try directory.openFile(named: name)
    let owner = TreeDirectory(owning: descriptor)
    var input = SavedRecords(descriptor: owner.descriptor)
    do {
      let comparesRoot = try input.byte() == 1
      let root = try directory.root()
      var members = try MemberLedger(in: root)
      var directories = try DirectoryLedger(in: root)
      while true {
        guard let kind = Kind(rawValue: try input.byte()) else { throw ByteReader.Damaged() }
        let bytes = try input.record()
        switch kind {
        case .member: try members.add(MemberLedger.Record(bytes))
        case .directory: try directories.add(DirectoryLedger.Record(bytes))
        case .end:
          try directories.flush()
          return TreeExtraction(
            report: ExtractionReport(), members: members, directories: directories, isRootMadeUp: false,
            comparesRoot: comparesRoot)
        }
      }
    } catch is ByteReader.Damaged {
      throw RecoverError(
        .stepFailed, "the record of what was extracted is damaged: \(path)", hint: "cancel the run, and begin again")
    }
  }

  private static func append(_ kind: Kind, _ bytes: [UInt8], to file: inout UnnamedFile) throws {
    let length = UInt32(bytes.count)
    try file.append([kind.rawValue] + (0..<4).map { UInt8(truncatingIfNeeded: length >> UInt32($0 * 8)) } + bytes)
  }
}

/// Records with their lengths, from a file that is read front to back.
private struct SavedRecords {
  let descriptor: Int32
  private var offset: Int64 = 0
  private var buffer: ArraySlice<UInt8> = []
  private static let pieceBytes = 256 << 10
  /// More than any record has: a member with the largest map and list.
  private static let recordLimit = 64 << 20

  init(descriptor: Int32) { self.descriptor = descriptor }

  mutating func byte() throws -> UInt8 { try take(1)[0] }

  mutating func record() throws -> [UInt8] {
    let count = try take(4).reversed().reduce(0) { $0 << 8 | Int($1) }
    guard count <= Self.recordLimit else { throw ByteReader.Damaged() }
    return try take(count)
  }

  private mutating func take(_ count: Int) throws -> [UInt8] {
    while buffer.count < count {
      let piece = try UnnamedFile.read(descriptor, at: offset, count: max(Self.pieceBytes, count))
      guard !piece.isEmpty else { throw ByteReader.Damaged() }
      offset += Int64(piece.count)
      buffer = buffer + piece
    }
    defer { buffer = buffer.dropFirst(count) }
    return Array(buffer.prefix(count))
  }
}
