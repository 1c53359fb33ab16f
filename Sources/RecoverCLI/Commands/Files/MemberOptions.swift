internal import ArchiveKit
internal import ArgumentParser
internal import RecoverBase

/// Which members of an archive are taken, and what of their names is cut off.
struct MemberOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp("Take only what matches, and all that is in it; may be repeated.", valueName: "pattern"))
  var include: [String] = []

  @Option(help: ArgumentHelp("Leave out what matches, and all that is in it; may be repeated.", valueName: "pattern"))
  var exclude: [String] = []

  @Option(help: ArgumentHelp("Cut so many directories off the front of each name.", valueName: "n"))
  var stripComponents = 0

  /// Nil for all of the archive as it is.
  ///
  /// - Throws: ``RecoverError`` `usage` for what is no pattern.
  func selection() throws -> TarSelection? {
    try TarSelection(includes: include, excludes: exclude, strippedComponents: stripComponents)
  }
}
