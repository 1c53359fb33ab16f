internal import Glibc
internal import RecoverBase

/// The names in a directory.
package enum DirectoryNames {
  /// Gives each name, in the order of the file system; links in the path are followed.
  ///
  /// - Throws: ``RecoverError`` `unreachable`, and what `body` throws.
  package static func forEach(in path: String, _ body: (TarName) throws -> Void) throws {
    let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw RecoverError.system(.unreachable, "can't open the directory \(path)") }
    let directory = TreeDirectory(owning: descriptor)
    guard var stream = DirectoryStream(directory.descriptor) else {
      throw RecoverError.system(.unreachable, "can't read the directory \(path)")
    }
    while let name = try stream.next() { try body(TarName(name)) }
  }
}

extension TarName {
  /// The name as text; nil where it is no UTF-8.
  package var text: String? { String(validating: bytes, as: UTF8.self) }
}
