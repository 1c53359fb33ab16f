/// The kinds of files, by the bits that stat(2) gives them (`S_IFMT`, inode(7)).
enum FileKind: UInt32 {
  case fifo = 0o010000
  case characterDevice = 0o020000
  case directory = 0o040000
  case blockDevice = 0o060000
  case file = 0o100000
  case symbolicLink = 0o120000
  case socket = 0o140000

  static let mask: UInt32 = 0o170000
}
