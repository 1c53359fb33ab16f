internal import RecoverBase

/// Under which name the archive has a file that has several.
///
/// Memory: some fifty bytes for each such file whose other names are still to come; the names wait in a file.
struct LinkLedger: ~Copyable {
  private struct Known {
    var offset: Int64
    var count: Int
    /// How many of its names have not come yet.
    var left: UInt64
  }

  private var known: [PackOptions.Identity: Known] = [:]
  private var names: UnnamedFile

  /// - Parameter scratch: a directory for a file without a name.
  init(scratch: String) throws { names = try UnnamedFile(in: TreeRoot(scratch)) }

  /// The name that was noted for a file; nil where none was.
  mutating func name(of status: FileStatus) throws -> [UInt8]? {
    let identity = PackOptions.Identity(status)
    guard let entry = known[identity] else { return nil }
    try names.flush()
    let name = try UnnamedFile.read(names.descriptor, at: entry.offset, count: entry.count)
    known[identity] = entry.left > 1 ? Known(offset: entry.offset, count: entry.count, left: entry.left - 1) : nil
    return name
  }

  /// Notes the first name of a file that has more.
  mutating func note(_ status: FileStatus, _ name: [UInt8]) throws {
    guard status.links > 1 else { return }
    known[PackOptions.Identity(status)] = Known(offset: names.byteCount, count: name.count, left: status.links - 1)
    try names.append(name)
  }
}
