internal import CZlib

/// The last 32 KiB of content before a place in a deflate stream (RFC 1951, 2), packed small for keeping.
enum Window {
  /// The window deflated, as a zlib stream with its checksum; nothing for no window.
  static func packed(_ window: [UInt8]) -> [UInt8] {
    guard !window.isEmpty else { return [] }
    var count = compressBound(uLong(window.count))
    var packed = [UInt8](repeating: 0, count: Int(count))
    let code = unsafe compress2(&packed, &count, window, uLong(window.count), 1)
    precondition(code == Z_OK, "zlib has no room in a buffer of the size that it asked for")
    return Array(packed.prefix(Int(count)))
  }

  /// The window again; nil when it is damaged.
  static func unpacked(_ packed: [UInt8]) -> [UInt8]? {
    guard !packed.isEmpty else { return [] }
    var count = uLong(Inflater.windowBytes)
    var window = [UInt8](repeating: 0, count: Int(count))
    guard unsafe uncompress(&window, &count, packed, uLong(packed.count)) == Z_OK else { return nil }
    return Array(window.prefix(Int(count)))
  }
}
