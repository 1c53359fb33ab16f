internal import Glibc
internal import RecoverBase

/// Files that tests read.
package enum Fixtures {
  /// The root of the repository, without a slash at its end.
  package static let root = #filePath.split(separator: "/").dropLast(3).map { "/\($0)" }.joined()

  /// A file of `fixtures/`.
  package static func path(_ name: String) -> String { "\(root)/fixtures/\(name)" }

  /// A file of the corpora of real inputs beside the repository (beside its parent, for a worktree); nil where
  /// they are not there.
  package static func corpus(_ name: String) -> String? {
    ["..", "../.."].map { "\(root)/\($0)/shared/corpora/\(name)" }.first { unsafe access($0, R_OK) == 0 }
  }

  /// Whether the corpora are there: the project's CI has them, a clone alone has not, since they are others' works.
  package static let hasCorpora = corpus("sql/chinook.sql") != nil

  /// The bytes of a file.
  package static func bytes(_ path: String) throws -> [UInt8] {
    var source = try FileSource(path: path)
    return try source.readAll(readBytes: 1 << 20)
  }
}
