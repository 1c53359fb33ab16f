internal import Glibc
internal import RecoverBase

/// The directory of a run, beside the journal: logs of its steps, surveys, spooled backups; mode 0700.
package enum RunDirectory {
  /// Makes it, and the one above it, when they are not there.
  package static func make(_ path: String) throws {
    let parent = path.split(separator: "/").dropLast().joined(separator: "/")
    for directory in ["/" + parent, path] where unsafe mkdir(directory, 0o700) != 0 && errno != EEXIST {
      throw RecoverError.system(.noSpace, "can't make \(directory)", hint: "check the rights of the state directory")
    }
  }

  /// Writes a file so that it is there whole or not at all, and synced.
  package static func write(_ bytes: [UInt8], to path: String) throws {
    let temporary = path + ".new"
    let descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw RecoverError.system(.noSpace, "can't write \(temporary)") }
    defer { close(descriptor) }
    try writeAll(bytes[...], to: descriptor, temporary)
    guard fsync(descriptor) == 0, unsafe rename(temporary, path) == 0 else {
      throw RecoverError.system(.noSpace, "can't write \(path)")
    }
  }

  /// Writes all the bytes, however many calls that takes.
  static func writeAll(_ bytes: ArraySlice<UInt8>, to descriptor: Int32, _ path: String) throws {
    var left = bytes
    while !left.isEmpty {
      let count = unsafe left.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 || errno == EINTR else { throw RecoverError.system(.noSpace, "can't write \(path)") }
      left = left.dropFirst(max(count, 0))
    }
  }

  /// A whole file.
  package static func read(_ path: String) throws -> [UInt8] {
    var source = try FileSource(path: path)
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe source.read(into: $0) }
      guard count > 0 else { return bytes }
      bytes += buffer[..<count]
    }
  }
}
