internal import ArchiveKit
internal import RecoverBase
internal import RecoverSteps

extension Composition {
  /// The archive that a path names: a file of anybody's, or that of a backup of ours.
  ///
  /// - Parameter path: absolute.
  /// - Throws: ``RecoverError`` where it is none, or can't be read.
  static func archive(_ path: String) throws -> ChosenArchive {
    let choice = try ArchiveChoice(path)
    return ChosenArchive(
      file: try TarFile(path: choice.path),
      accept: { try ArchiveChoice.require(choice.expected, $0, of: choice.path) },
      makeCheck: { interruption in try choice.backup.map { try FilesBackupCheck($0, interruption) } })
  }
}
