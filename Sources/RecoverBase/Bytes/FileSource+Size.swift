internal import Glibc

extension FileSource {
  /// The size of a file, in bytes; 0 for what has none, such as a pipe.
  package static func size(of path: String) throws -> Int64 {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { throw RecoverError.system(.unreachable, "can't look at \(path)") }
    return Int64(status.st_size)
  }
}
