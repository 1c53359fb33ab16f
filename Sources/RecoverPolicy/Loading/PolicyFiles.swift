internal import FoundationEssentials
internal import Glibc
internal import RecoverBase

/// The file system as the loader needs it.
enum PolicyFiles {
  static func isDirectory(_ path: String) -> Bool {
    var isDirectory = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory
  }

  /// The path without symbolic links (realpath(3)).
  static func realPath(_ path: String) throws(RecoverError) -> String {
    guard let resolved = unsafe realpath(path, nil) else {
      throw RecoverError.system(.unreachable, "can't resolve \(path)")
    }
    defer { unsafe free(resolved) }
    return unsafe String(cString: resolved)
  }

  /// The names of the policy files of a directory, in alphabetical order.
  static func names(in directory: String) throws(RecoverError) -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: directory).filter { name in
        isPolicy(name) && !isDirectory("\(directory)/\(name)")
      }.sorted()
    } catch {
      throw RecoverError(
        .unreachable, "can't list \(directory)", hint: "check that you may read the directory", underlying: error)
    }
  }

  static func isEnvironment(_ name: String) -> Bool { name == "environment.yaml" || name == "environment.yml" }

  private static func isPolicy(_ name: String) -> Bool {
    guard !name.hasPrefix("."), let suffix = [".yaml", ".yml"].first(where: name.hasSuffix) else { return false }
    return !name.dropLast(suffix.count).hasSuffix(".example")
  }

  /// The text of a file.
  ///
  /// - Throws: what can't be read, is too long or is no UTF-8.
  static func text(of path: String) throws(RecoverError) -> String {
    var bytes: [UInt8] = []
    do {
      var source = try FileSource(path: path)
      var block = [UInt8](repeating: 0, count: 65_536)
      while bytes.count <= YAMLDocument.byteLimit {
        let count = try unsafe block.withUnsafeMutableBytes { buffer in try unsafe source.read(into: buffer) }
        guard count > 0 else { break }
        bytes += block.prefix(count)
      }
    } catch let error as RecoverError {
      throw error
    } catch {
      throw RecoverError(.unreachable, "can't read \(path)", underlying: error)
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw RecoverError(.policyInvalid, "the file is not UTF-8 text", hint: "save it as UTF-8")
    }
    return text
  }
}
