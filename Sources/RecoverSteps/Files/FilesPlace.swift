internal import ArchiveKit
internal import Glibc
internal import RecoverBase

/// Where a target is: a directory without links in its path.
struct FilesPlace {
  var path: String
  /// As it was named, where that leads over a link.
  var linkedFrom: String?
  var isMountPoint: Bool

  /// Resolves the links in a path.
  ///
  /// - Throws: ``RecoverError`` `unreachable` where nothing is there, `wrongTarget` where it is no directory.
  init(_ named: String) throws {
    guard let resolved = Self.resolve(named) else { throw RecoverError.system(.unreachable, "can't find \(named)") }
    guard try FileKind.at(resolved) == .directory else {
      throw RecoverError(
        .wrongTarget, "\(named) is no directory: an archive is restored into one", hint: "name the one that it is in")
    }
    path = resolved
    linkedFrom = resolved == named ? nil : named
    isMountPoint = try resolved == "/" || TreeExchange.isMountPoint(resolved)
  }

  /// Nil with `errno`; by realpath(3).
  private static func resolve(_ path: String) -> String? {
    guard let resolved = unsafe realpath(path, nil) else { return nil }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  /// A path of the policy without its links, or as it is where nothing is there.
  static func resolved(_ path: String) -> String { resolve(path) ?? path }

  /// A path without the links in that part of it that is there.
  static func resolvedAsFarAsThere(_ path: String) -> String {
    if let there = resolve(path) { return there }
    let parent = parent(of: path)
    guard parent != path, parent != ".", let slash = path.lastIndex(of: "/") else { return path }
    return resolvedAsFarAsThere(parent) + path[slash...]
  }

  /// The directory that a path is in.
  static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }

  /// Whether one path is the other, or is in it.
  static func isInside(_ path: String, _ other: String) -> Bool {
    path == other || other == "/" || path.hasPrefix(other + "/")
  }
}
