internal import RecoverBase

extension TarReader where Source: ~Copyable {
  /// Reads the map of a sparse file, where the member is one.
  mutating func addSparseMap(to member: inout TarMember, _ header: TarHeader, _ headers: TarHeaders) throws {
    let form = try headers.sparseForm()
    if header.typeflag == UInt8(ascii: "S") {
      guard form == nil else { throw TarFault("it has two sparse maps") }
      try addOldMap(to: &member, header)
      return
    }
    guard let form else { return }
    guard member.kind == .file else { throw TarFault("it has a sparse map, and is no file") }
    switch form {
    case .pieces(let pieces, let size): try set(pieces, size: size, stored: member.dataBytes, &member)
    case .inData(let size):
      let before = input.offset
      let pieces = try mapInData(atMost: member.dataBytes)
      try set(pieces, size: size, stored: member.dataBytes - (input.offset - before), &member)
    }
  }

  private func set(_ pieces: [TarSparsePiece], size: Int64, stored: Int64, _ member: inout TarMember) throws {
    let map = try TarSparseMap(pieces, size: size)
    guard map.dataBytes == stored else {
      throw TarFault("its sparse map has \(map.dataBytes) bytes of data, and its header \(stored)")
    }
    member.size = size
    member.dataBytes = stored
    member.sparse = map
  }

  private mutating func addOldMap(to member: inout TarMember, _ header: TarHeader) throws {
    guard let size = header.sparseSize, size >= 0, var pieces = header.sparsePieces else {
      throw TarFault("its sparse map is damaged")
    }
    var goesOn = header.hasSparseExtension
    while goesOn {
      let block = try input.block()
      guard block.count == TarHeader.byteCount else { throw cutOff("inside of a sparse map") }
      guard let more = TarHeader.sparseExtension(block) else { throw TarFault("its sparse map is damaged") }
      pieces += more.pieces
      goesOn = more.goesOn
      guard pieces.count <= TarSparseMap.pieceLimit, !goesOn || !more.pieces.isEmpty else {
        throw TarFault("its sparse map has more than \(TarSparseMap.pieceLimit) pieces, or an empty block")
      }
    }
    try set(pieces, size: size, stored: member.dataBytes, &member)
  }

  /// Format 1.0: the number of pieces, then offset and size of each, a number a line, filled up to whole blocks.
  private mutating func mapInData(atMost limit: Int64) throws -> [TarSparsePiece] {
    var numbers = TarSparseNumbers(blockLimit: limit / Int64(TarHeader.byteCount))
    while numbers.wantsMore {
      let block = try input.block()
      guard block.count == TarHeader.byteCount else { throw cutOff("inside of a sparse map") }
      try numbers.add(block)
    }
    return numbers.pieces
  }
}

/// The numbers of a sparse map of format 1.0, block by block.
struct TarSparseNumbers {
  private(set) var pieces: [TarSparsePiece] = []
  private var blocksLeft: Int64
  private var count: Int64?
  private var openOffset: Int64?
  private var digits: [UInt8] = []

  init(blockLimit: Int64) { blocksLeft = blockLimit }

  var wantsMore: Bool { count.map { Int64(pieces.count) < $0 } ?? true }

  mutating func add(_ block: [UInt8]) throws(TarFault) {
    guard blocksLeft > 0 else { throw TarFault("its sparse map is longer than its data") }
    blocksLeft -= 1
    for byte in block where wantsMore {
      guard byte == UInt8(ascii: "\n") else {
        // As many digits as 63 bits have.
        guard TarNumber.isDigit(byte), digits.count < 19 else { throw TarFault("its sparse map is damaged") }
        digits.append(byte)
        continue
      }
      guard let number = TarNumber.decimal(digits[...]) else { throw TarFault("its sparse map is damaged") }
      digits.removeAll(keepingCapacity: true)
      try add(number)
    }
  }

  private mutating func add(_ number: Int64) throws(TarFault) {
    guard count != nil else {
      guard number <= TarSparseMap.pieceLimit else {
        throw TarFault("its sparse map has more than \(TarSparseMap.pieceLimit) pieces")
      }
      count = number
      return
    }
    guard let offset = openOffset else {
      openOffset = number
      return
    }
    pieces.append(TarSparsePiece(offset: offset, byteCount: number))
    openOffset = nil
  }
}
