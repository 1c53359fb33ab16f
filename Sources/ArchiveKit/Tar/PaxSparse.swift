/// The keywords of GNU tar's sparse files in extended headers, formats 0.0, 0.1 and 1.0 (GNU tar manual, "Storing Sparse
/// Files").
struct PaxSparse {
  static let prefix = "GNU.sparse."
  /// Keywords that format 0.0 repeats, once a piece.
  static let repeated: Set<String> = ["GNU.sparse.offset", "GNU.sparse.numbytes"]

  /// How a member keeps its map.
  enum Form: Equatable {
    /// Formats 0.0 and 0.1: in the header.
    case pieces([TarSparsePiece], size: Int64)
    /// Format 1.0: in front of the data.
    case inData(size: Int64)
  }

  /// The file's own name; the member has a made-up one.
  private(set) var name: TarName?
  private var version: (major: Int64?, minor: Int64?) = (nil, nil)
  private var size: Int64?
  private var realSize: Int64?
  private var pieceCount: Int64?
  private var listed: [TarSparsePiece] = []
  private var openOffset: Int64?
  private var map: [TarSparsePiece]?
  private var isUsed = false

  mutating func apply(_ record: PaxRecords.Record) throws(TarFault) {
    isUsed = true
    switch record.keyword {
    case "GNU.sparse.name": name = try PaxFields.name(record)
    case "GNU.sparse.major": version.major = try PaxFields.number(record)
    case "GNU.sparse.minor": version.minor = try PaxFields.number(record)
    case "GNU.sparse.size": size = try PaxFields.number(record)
    case "GNU.sparse.realsize": realSize = try PaxFields.number(record)
    case "GNU.sparse.numblocks": pieceCount = try PaxFields.number(record)
    case "GNU.sparse.offset":
      guard openOffset == nil else { throw Self.wrong }
      openOffset = try PaxFields.number(record)
    case "GNU.sparse.numbytes":
      guard let offset = openOffset else { throw Self.wrong }
      listed.append(TarSparsePiece(offset: offset, byteCount: try PaxFields.number(record)))
      openOffset = nil
    case "GNU.sparse.map": map = try Self.pieces(record)
    default: throw TarFault("it is a sparse file with the unknown keyword \(record.keyword)")
    }
  }

  private static var wrong: TarFault { TarFault("its sparse map is incomplete, or two of them contradict each other") }

  /// `OFFSET,COUNT,OFFSET,COUNT,...`; empty for a file that is one hole.
  private static func pieces(_ record: PaxRecords.Record) throws(TarFault) -> [TarSparsePiece] {
    guard !record.value.isEmpty else { return [] }
    var numbers: [Int64] = []
    for part in record.value.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
      guard let number = TarNumber.decimal(part) else { throw wrong }
      numbers.append(number)
    }
    guard numbers.count % 2 == 0 else { throw wrong }
    return stride(from: 0, to: numbers.count, by: 2).map {
      TarSparsePiece(offset: numbers[$0], byteCount: numbers[$0 + 1])
    }
  }

  /// What the keywords together say; nil where the member is not sparse.
  func form() throws(TarFault) -> Form? {
    guard isUsed else { return nil }
    guard openOffset == nil, listed.isEmpty || map == nil else { throw Self.wrong }
    switch (version.major, version.minor) {
    case (1, 0):
      guard map == nil, listed.isEmpty, size == nil, let realSize else { throw Self.wrong }
      return .inData(size: realSize)
    case (nil, nil), (0, 0), (0, 1):
      let pieces = map ?? listed
      guard let size, realSize == nil || realSize == size, pieceCount.map({ $0 == Int64(pieces.count) }) != false else {
        throw Self.wrong
      }
      return .pieces(pieces, size: size)
    default: throw TarFault("it is a sparse file of a version that is not known")
    }
  }
}
