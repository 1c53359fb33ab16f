extension FileSource {
  /// So many bytes of a file, or what there is of them.
  package static func bytes(of path: String, at offset: Int64, count: Int) throws -> [UInt8] {
    var source = try FileSource(path: path, offset: offset)
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let read = try unsafe bytes.withUnsafeMutableBytes { buffer in
        try unsafe source.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      }
      if read == 0 { break }
      filled += read
    }
    return Array(bytes.prefix(filled))
  }
}
