internal import CLinux
internal import Glibc

/// The extended attributes of an open file (xattr(7)).
enum FileAttributes {
  /// The largest value, and the largest list of names, that Linux has.
  private static let limit = 64 << 10

  /// Nil where it has none of this name, or none can be read.
  static func value(of name: String, _ file: Int32) -> [UInt8]? {
    var buffer = [UInt8](repeating: 0, count: 256)
    var count = unsafe recover_get_attribute(file, name, &buffer, buffer.count)
    if count < 0, errno == ERANGE {
      buffer = [UInt8](repeating: 0, count: limit)
      count = unsafe recover_get_attribute(file, name, &buffer, buffer.count)
    }
    return count >= 0 ? Array(buffer.prefix(count)) : nil
  }

  /// The names of all; none where the file system has no attributes.
  static func names(_ file: Int32) -> [String] {
    var buffer = [CChar](repeating: 0, count: 1024)
    var count = unsafe recover_list_attributes(file, &buffer, buffer.count)
    if count < 0, errno == ERANGE {
      buffer = [CChar](repeating: 0, count: limit)
      count = unsafe recover_list_attributes(file, &buffer, buffer.count)
    }
    guard count > 0 else { return [] }
    return buffer.prefix(count).split(separator: 0).map { name in
      String(decoding: name.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }
}
