import FoundationEssentials

/// Reads and writes small files of tests.
enum TextFile {
  static func read(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
}

/// A directory that is there while a closure runs.
enum TemporaryDirectory {
  /// - Parameter files: their texts by their paths inside of the directory.
  static func with<Result>(_ files: [String: String], _ body: (String) throws -> Result) throws -> Result {
    let path = "/tmp/recover-policy-tests-\(UInt64.random(in: 0...UInt64.max))"
    let manager = FileManager.default
    try manager.createDirectory(atPath: path, withIntermediateDirectories: true)
    defer { try? manager.removeItem(atPath: path) }
    for (name, text) in files {
      let parent = "\(path)/\(name)".split(separator: "/").dropLast().joined(separator: "/")
      try manager.createDirectory(atPath: "/\(parent)", withIntermediateDirectories: true)
      try text.write(toFile: "\(path)/\(name)", atomically: false, encoding: .utf8)
    }
    return try body(path)
  }
}
