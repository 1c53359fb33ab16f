/// Where a repository keeps what: `REPOSITORY/db/NAME/<UTC time>-<run>/` for databases, and `files` for directory trees.
package struct RepositoryLayout: Sendable, Hashable {
  package let root: String

  package init(root: String) { self.root = root }

  /// Above the directories of all databases, or of all trees.
  package func directory(of kind: BackupKind) -> String { "\(root)/\(kind.rawValue)" }

  /// Above the backups of one database or tree.
  package func directory(of name: String, _ kind: BackupKind) -> String {
    "\(directory(of: kind))/\(Self.fileName(of: name))"
  }

  /// A name as that of a file: what is no letter, digit, `_`, `-` or inner dot is written as `%XX`.
  package static func fileName(of name: String) -> String {
    var bytes: [UInt8] = []
    let digits = Array("0123456789ABCDEF".utf8)
    for (index, byte) in name.utf8.enumerated() {
      let isPlain =
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"):
          true
        default: byte == UInt8(ascii: ".") && index > 0
        }
      bytes += isPlain ? [byte] : [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
