/// Archives for tests, written byte by byte: right ones, and wrong ones that no program would write.
struct TarBuilder {
  private(set) var bytes: [UInt8] = []

  /// What a header says; each field can be replaced by raw bytes.
  struct Header {
    var name: [UInt8]
    var typeflag: Character = "0"
    var mode = 0o644
    var user = 0
    var group = 0
    var size: Int64 = 0
    var modified: Int64 = 0
    var linkName: [UInt8] = []
    var magic: [UInt8] = Array("ustar\u{0}00".utf8)
    var prefix: [UInt8] = []
    var device = (major: 0, minor: 0)
    /// Raw bytes by offset, written last; the checksum is computed over them.
    var patches: [Int: [UInt8]] = [:]

    init(_ name: String) { self.name = Array(name.utf8) }
    init(bytes name: [UInt8]) { self.name = name }
  }

  static func gnuMagic() -> [UInt8] { Array("ustar  \u{0}".utf8) }

  /// A number as octal digits with a NUL behind them.
  static func octal(_ number: Int64, width: Int) -> [UInt8] {
    let digits = Array(String(number, radix: 8).utf8)
    return Array(repeating: UInt8(ascii: "0"), count: max(0, width - 1 - digits.count)) + digits + [0]
  }

  /// The block of a header.
  static func block(_ header: Header, checksum: (([UInt8]) -> Int64)? = nil) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: 512)
    func put(_ bytes: [UInt8], at offset: Int, width: Int) {
      for (index, byte) in bytes.prefix(width).enumerated() { block[offset + index] = byte }
    }
    put(header.name, at: 0, width: 100)
    put(octal(Int64(header.mode), width: 8), at: 100, width: 8)
    put(octal(Int64(header.user), width: 8), at: 108, width: 8)
    put(octal(Int64(header.group), width: 8), at: 116, width: 8)
    put(octal(header.size, width: 12), at: 124, width: 12)
    put(octal(header.modified, width: 12), at: 136, width: 12)
    block[156] = header.typeflag.asciiValue ?? 0
    put(header.linkName, at: 157, width: 100)
    put(header.magic, at: 257, width: 8)
    put(octal(Int64(header.device.major), width: 8), at: 329, width: 8)
    put(octal(Int64(header.device.minor), width: 8), at: 337, width: 8)
    put(header.prefix, at: 345, width: 155)
    for (offset, bytes) in header.patches { put(bytes, at: offset, width: bytes.count) }
    put(Array("        ".utf8), at: 148, width: 8)
    let sum = checksum?(block) ?? block.reduce(0) { $0 + Int64($1) }
    put(octal(sum, width: 7) + [UInt8(ascii: " ")], at: 148, width: 8)
    return block
  }

  mutating func add(raw: [UInt8]) { bytes += raw }

  /// Data, padded to whole blocks.
  mutating func add(data: [UInt8]) {
    bytes += data + [UInt8](repeating: 0, count: (512 - data.count % 512) % 512)
  }

  mutating func add(_ header: Header, data: [UInt8] = []) {
    var header = header
    if header.size == 0 { header.size = Int64(data.count) }
    add(raw: Self.block(header))
    add(data: data)
  }

  mutating func add(file name: String, _ text: String = "") { add(Header(name), data: Array(text.utf8)) }

  /// One record of an extended header.
  static func record(_ keyword: String, _ value: [UInt8]) -> [UInt8] {
    let rest = [UInt8(ascii: " ")] + Array(keyword.utf8) + [UInt8(ascii: "=")] + value + [UInt8(ascii: "\n")]
    var count = rest.count + 1
    while String(count).utf8.count + rest.count != count { count = String(count).utf8.count + rest.count }
    return Array(String(count).utf8) + rest
  }

  mutating func add(pax records: [(String, String)], typeflag: Character = "x") {
    var header = Header("PaxHeaders/x")
    header.typeflag = typeflag
    add(header, data: records.flatMap { Self.record($0.0, Array($0.1.utf8)) })
  }

  /// A long name (L) or link target (K) of GNU tar.
  mutating func add(long text: String, _ typeflag: Character = "L") {
    var header = Header("././@LongLink")
    header.magic = Self.gnuMagic()
    header.typeflag = typeflag
    add(header, data: Array(text.utf8) + [0])
  }

  mutating func end() { bytes += [UInt8](repeating: 0, count: 1024) }

  static func archive(_ body: (inout TarBuilder) -> Void) -> [UInt8] {
    var builder = TarBuilder()
    body(&builder)
    builder.end()
    return builder.bytes
  }
}
