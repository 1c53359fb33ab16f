/// Paths as texts; nothing here asks the file system.
package enum PathText {
  /// A path without `.`, `..` and double slashes, as seen from a directory.
  ///
  /// - Parameter directory: absolute.
  package static func absolute(_ path: String, from directory: String) -> String {
    var parts: [Substring] = []
    let joined = path.hasPrefix("/") ? path : "\(directory)/\(path)"
    for part in joined.split(separator: "/") {
      switch part {
      case ".": continue
      case "..": _ = parts.popLast()
      default: parts.append(part)
      }
    }
    return "/" + parts.joined(separator: "/")
  }

  /// The last component.
  static func name(_ path: String) -> String { String(path.split(separator: "/").last ?? "") }
}
