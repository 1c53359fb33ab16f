internal import RecoverBase

/// What an extraction made beside directories, and the digest of each content as it was written; kept in a file without
/// a name, so that memory does not grow.
struct MemberLedger: ~Copyable {
  struct Record: Hashable {
    var path: TreePath
    var kind: Kind
    var metadata: TreeMetadata
  }

  enum Kind: Hashable {
    /// The digest is of the data alone, in the order of the pieces where there are holes.
    case file(size: Int64, digest: Digest, pieces: [TarSparsePiece]?)
    case symbolicLink(target: TarName)
    case hardLink(target: TreePath)
    case node(FileKind, TarMember.Device)
  }

  private var file: UnnamedFile
  private(set) var count: Int64 = 0

  init(in root: borrowing TreeRoot) throws { file = try UnnamedFile(in: root) }

  mutating func add(_ record: Record) throws {
    let bytes = record.bytes
    let length = UInt32(bytes.count)
    try file.append((0..<4).map { UInt8(truncatingIfNeeded: length >> UInt32($0 * 8)) })
    try file.append(bytes)
    count += 1
  }

  /// All of it, to be read by several threads while the ledger lives.
  mutating func queue() throws -> MemberQueue {
    try file.flush()
    return MemberQueue(descriptor: file.descriptor, byteCount: file.byteCount)
  }
}

/// Hands out the records of a ``MemberLedger`` in batches, each once.
final class MemberQueue: Sendable {
  private let descriptor: Int32
  private let byteCount: Int64
  private let offset = Monitor(Int64(0))

  private static let batchBytes = 128 << 10

  init(descriptor: Int32, byteCount: Int64) {
    self.descriptor = descriptor
    self.byteCount = byteCount
  }

  /// The next records; nil at the end.
  func next() throws -> [MemberLedger.Record]? {
    let bytes: [UInt8] = try offset.change { offset in
      var bytes = try UnnamedFile.read(descriptor, at: offset, count: Self.batchBytes)
      var end = Self.wholeRecords(bytes)
      if end == 0, bytes.count >= 4 {
        bytes = try UnnamedFile.read(descriptor, at: offset, count: 4 + Self.length(bytes[...]))
        end = Self.wholeRecords(bytes)
      }
      offset += Int64(end)
      return Array(bytes.prefix(end))
    }
    guard !bytes.isEmpty else { return nil }
    do {
      return try Self.records(bytes)
    } catch {
      throw RecoverError(.bug, "the list of files is damaged", underlying: error)
    }
  }

  private static func length(_ bytes: ArraySlice<UInt8>) -> Int {
    bytes.prefix(4).reversed().reduce(0) { $0 << 8 | Int($1) }
  }

  /// Where the last whole record ends.
  private static func wholeRecords(_ bytes: [UInt8]) -> Int {
    var end = 0
    while bytes.count - end >= 4 {
      let length = length(bytes[end...])
      guard bytes.count - end - 4 >= length else { break }
      end += 4 + length
    }
    return end
  }

  private static func records(_ bytes: [UInt8]) throws -> [MemberLedger.Record] {
    var records: [MemberLedger.Record] = []
    var rest = bytes[...]
    while !rest.isEmpty {
      let length = length(rest)
      rest = rest.dropFirst(4)
      records.append(try MemberLedger.Record(Array(rest.prefix(length))))
      rest = rest.dropFirst(length)
    }
    return records
  }
}

extension MemberLedger.Record {
  var bytes: [UInt8] {
    var writer = ByteWriter()
    writer.put(path.parts) { $0.put($1) }
    metadata.put(to: &writer)
    switch kind {
    case .file(let size, let digest, let pieces):
      writer.put(0)
      writer.put(size)
      writer.put(digest.bytes)
      writer.put(pieces) { writer, pieces in
        writer.put(pieces) { writer, piece in
          writer.put(piece.offset)
          writer.put(piece.byteCount)
        }
      }
    case .symbolicLink(let target):
      writer.put(1)
      writer.put(target.bytes)
    case .hardLink(let target):
      writer.put(2)
      writer.put(target.parts) { $0.put($1) }
    case .node(let kind, let device):
      writer.put(3)
      for number in [kind.rawValue, device.major, device.minor] { writer.put(Int64(number)) }
    }
    return writer.bytes
  }

  init(_ bytes: [UInt8]) throws {
    var reader = ByteReader(bytes)
    path = TreePath(parts: try reader.array { try $0.content() })
    metadata = try TreeMetadata(from: &reader)
    switch try reader.number() {
    case 0:
      let size = try reader.number()
      guard let digest = Digest(bytes: try reader.content()) else { throw ByteReader.Damaged() }
      let pieces = try reader.optional { reader in
        try reader.array { TarSparsePiece(offset: try $0.number(), byteCount: try $0.number()) }
      }
      kind = .file(size: size, digest: digest, pieces: pieces)
    case 1: kind = .symbolicLink(target: TarName(try reader.content()))
    case 2: kind = .hardLink(target: TreePath(parts: try reader.array { try $0.content() }))
    case 3:
      guard let node = FileKind(rawValue: UInt32(truncatingIfNeeded: try reader.number())) else {
        throw ByteReader.Damaged()
      }
      let major = UInt32(truncatingIfNeeded: try reader.number())
      let device = TarMember.Device(major: major, minor: UInt32(truncatingIfNeeded: try reader.number()))
      kind = .node(node, device)
    default: throw ByteReader.Damaged()
    }
  }
}
