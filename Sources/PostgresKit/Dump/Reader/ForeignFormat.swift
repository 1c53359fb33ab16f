/// Files that are often taken for plain SQL dumps, told by their first bytes.
enum ForeignFormat: String {
  case custom = "a pg_dump archive in custom format"
  case gzip = "a gzip file"
  case bzip2 = "a bzip2 file"
  case xz = "an xz file"
  case zstandard = "a Zstandard file"
  case lz4 = "an LZ4 file"
  case zip = "a zip file"
  case utf16 = "text in UTF-16"

  private static let magics: [(ForeignFormat, [UInt8])] = [
    (.custom, Array("PGDMP".utf8)), (.gzip, [0x1F, 0x8B]), (.bzip2, Array("BZh".utf8)),
    (.xz, [0xFD, 0x37, 0x7A, 0x58, 0x5A]), (.zstandard, [0x28, 0xB5, 0x2F, 0xFD]), (.lz4, [0x04, 0x22, 0x4D, 0x18]),
    (.zip, [0x50, 0x4B, 0x03, 0x04]), (.utf16, [0xFF, 0xFE]), (.utf16, [0xFE, 0xFF]),
  ]

  init?(of bytes: Span<UInt8>) {
    guard let (format, _) = Self.magics.first(where: { bytes.starts(with: $0.1) }) else { return nil }
    self = format
  }

  /// What to do about it.
  var hint: String {
    switch self {
    case .custom: "decompress what it is in: an archive is read as pg_dump wrote it"
    case .gzip, .bzip2, .xz, .zstandard, .lz4, .zip: "decompress it first"
    case .utf16: "Windows PowerShell's > writes UTF-16; make the dump with pg_dump -f FILE instead"
    }
  }
}
