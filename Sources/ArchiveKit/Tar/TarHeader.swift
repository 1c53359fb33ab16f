/// One header block of 512 bytes, taken apart but not yet believed.
struct TarHeader {
  /// Which of the formats that share the block's layout it is in.
  enum Dialect: Sendable, Hashable {
    /// Before POSIX: no magic, so nothing behind the link's name means anything.
    case v7
    /// POSIX.1-1988; also what PAX headers and their members are in.
    case ustar
    /// Joerg Schilling's star: ustar with a shorter prefix.
    case star
    /// GNU tar's own: other fields where ustar has its prefix.
    case gnu
  }

  /// The size of a block: headers and data are padded to it.
  static let byteCount = 512

  let block: [UInt8]
  let dialect: Dialect

  /// - Returns: nil for a magic of no known format.
  init?(_ block: [UInt8]) {
    self.block = block
    let magic = block[257..<265]
    if magic.starts(with: Array("ustar\0".utf8)) {
      dialect = block[508..<512].elementsEqual(Array("tar\0".utf8)) ? .star : .ustar
    } else if magic.elementsEqual(Array("ustar  \0".utf8)) {
      dialect = .gnu
    } else if magic.starts(with: Array("ustar".utf8)) {
      return nil
    } else {
      dialect = .v7
    }
  }

  static func isZero(_ block: [UInt8]) -> Bool { block.allSatisfy { $0 == 0 } }

  /// Whether the sum over the block is the one that is written in it, as unsigned bytes or, as some old programs
  /// counted, as signed ones.
  static func isChecksumRight(_ block: [UInt8]) -> Bool {
    guard let written = TarNumber.field(block[148..<156]) else { return false }
    var (unsigned, signed) = (Int64(0), Int64(0))
    for index in block.indices {
      let byte = (148..<156).contains(index) ? UInt8(ascii: " ") : block[index]
      unsigned += Int64(byte)
      signed += Int64(Int8(bitPattern: byte))
    }
    return written == unsigned || written == signed
  }

  /// The typeflag; NUL is an old regular file.
  var typeflag: UInt8 { block[156] }

  func number(_ range: Range<Int>) -> Int64? { TarNumber.field(block[range]) }

  /// The bytes of a field up to its first NUL.
  func text(_ range: Range<Int>) -> [UInt8] { Array(block[range].prefix { $0 != 0 }) }

  /// The member's name, with the prefix in front where the dialect has one.
  var name: [UInt8] {
    let name = text(0..<100)
    let prefix: [UInt8] =
      switch dialect {
      case .v7, .gnu: []
      case .ustar: text(345..<500)
      case .star: text(345..<476)
      }
    return prefix.isEmpty ? name : prefix + [UInt8(ascii: "/")] + name
  }

  var linkName: [UInt8] { text(157..<257) }
  var mode: Int64? { number(100..<108) }
  var user: Int64? { number(108..<116) }
  var group: Int64? { number(116..<124) }
  var size: Int64? { number(124..<136) }
  var modified: Int64? { number(136..<148) }
  var userName: [UInt8] { dialect == .v7 ? [] : text(265..<297) }
  var groupName: [UInt8] { dialect == .v7 ? [] : text(297..<329) }
  var deviceMajor: Int64? { dialect == .v7 ? 0 : number(329..<337) }
  var deviceMinor: Int64? { dialect == .v7 ? 0 : number(337..<345) }
}

// MARK: Sparse files of GNU tar

extension TarHeader {
  /// So many pieces stand in the header, and in each block that goes on with it.
  private static let (piecesHere, piecesInExtension) = (4, 21)

  /// The pieces of an old GNU sparse file (typeflag S) that stand in its header.
  var sparsePieces: [TarSparsePiece]? { Self.pieces(block, at: 386, count: Self.piecesHere) }
  var hasSparseExtension: Bool { block[482] != 0 }
  var sparseSize: Int64? { number(483..<495) }

  /// The pieces in a block that follows such a header, and whether another one does.
  static func sparseExtension(_ block: [UInt8]) -> (pieces: [TarSparsePiece], goesOn: Bool)? {
    pieces(block, at: 0, count: piecesInExtension).map { ($0, block[504] != 0) }
  }

  /// The list ends before the first piece whose fields are empty.
  private static func pieces(_ block: [UInt8], at start: Int, count: Int) -> [TarSparsePiece]? {
    var pieces: [TarSparsePiece] = []
    for index in 0..<count {
      let place = start + index * 24
      guard block[place + 12] != 0 else { break }
      guard let offset = TarNumber.field(block[place..<place + 12]),
        let count = TarNumber.field(block[place + 12..<place + 24])
      else { return nil }
      pieces.append(TarSparsePiece(offset: offset, byteCount: count))
    }
    return pieces
  }
}
