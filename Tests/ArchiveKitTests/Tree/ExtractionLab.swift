internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport

@testable internal import ArchiveKit

/// A place to extract archives in: a staging directory, and beside it what nobody may touch.
final class ExtractionLab {
  let scratch: ScratchDirectory
  /// Fresh and empty, of mode 0700.
  let staging: String
  private let before: String

  init() throws {
    scratch = try ScratchDirectory()
    staging = scratch.at("staging")
    try TestProcess.output(
      [
        "sh", "-ec",
        "mkdir -m 0700 staging; mkdir -p outside/sub; printf secret > outside/file; touch -d @1 outside/file outside/sub outside",
      ],
      directory: scratch.path)
    before = try Self.picture(scratch.path)
  }

  /// Everything that is there beside the staging directory: kinds, modes, owners, times, contents.
  static func picture(_ path: String) throws -> String {
    String(
      decoding: try TestProcess.output(
        [
          "sh", "-ec",
          "find . -name staging -prune -o -printf '%p %y %m %U %G %T@ %s %n %l\\n' | sed '/^[.] d/s/ [0-9.]* [0-9]* [0-9]* $//'; cat outside/file",
        ], directory: path), as: UTF8.self)
  }

  /// Whether nothing was made, changed or removed outside of the staging directory.
  func isUntouched() throws -> Bool { try Self.picture(scratch.path) == before }

  /// Extracts an archive in memory.
  func extract(
    _ archive: [UInt8], _ policy: ExtractionPolicy = ExtractionPolicy(), confinement: TreeRoot.Confinement? = nil
  ) throws -> ExtractionReport {
    var reader = TarReader(MemorySource(archive), named: "x.tar")
    return try TreeExtractor.extract(&reader, into: try TreeRoot(staging, confinement: confinement), policy).report
  }

  /// Extracts a file over two threads, as a restore does.
  func extract(file: String, _ policy: ExtractionPolicy = ExtractionPolicy()) throws -> ExtractionReport {
    let staging = staging
    return try PipelinedSource.reading(try TarFile(path: file), Interruption()) { reader in
      try TreeExtractor.extract(&reader, into: try TreeRoot(staging), policy).report
    }
  }

  func shell(_ script: String) throws -> String {
    String(decoding: try TestProcess.output(["sh", "-ec", script], directory: staging), as: UTF8.self)
  }
}
