internal import CLinux
internal import Glibc
internal import RecoverBase

/// A directory below the root of a tree, held open; everything in it is named by one part, never by a path.
struct TreeDirectory: ~Copyable {
  let descriptor: Int32

  /// Takes over a descriptor.
  init(owning descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }
}

/// The root of a tree, and the only way from it to what is below.
///
/// The kernel resolves every path so that nothing leads out: no `..` above the root, no symbolic link, no other file
/// system (openat2(2)). Where it can't, each part of the path is opened by itself, without following links, which comes
/// to the same since paths here have no `..`.
package struct TreeRoot: ~Copyable {
  /// How paths are kept inside.
  package enum Confinement: Sendable, Hashable {
    /// By one openat2(2) a path.
    case kernel
    /// By one openat(2) with `O_NOFOLLOW` a part.
    case partByPart
  }

  let descriptor: Int32
  package let confinement: Confinement
  /// As it was named, for errors.
  package let path: String
  let device: UInt64

  /// Opens a directory as a root.
  ///
  /// - Parameter confinement: nil: by the kernel where it can.
  /// - Throws: ``RecoverError`` `unreachable`.
  package init(_ path: String, confinement: Confinement? = nil) throws {
    let descriptor = unsafe Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0, let status = FileStatus(descriptor) else {
      throw RecoverError.system(.unreachable, "can't open the directory \(path)")
    }
    self.descriptor = descriptor
    self.path = path
    device = status.device
    self.confinement = confinement ?? Self.possible(descriptor)
  }

  /// Opens the directory that a descriptor stands for as a root; the descriptor stays open.
  init(_ directory: Int32, path: String) throws {
    let descriptor = unsafe openat(directory, FileName.c([UInt8(ascii: ".")]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0, let status = FileStatus(descriptor) else {
      throw RecoverError.system(.unreachable, "can't open the directory \(path)")
    }
    self.descriptor = descriptor
    self.path = path
    device = status.device
    confinement = Self.possible(descriptor)
  }

  deinit { close(descriptor) }

  /// Another descriptor of the root.
  func asDirectory() throws -> TreeDirectory {
    let own = unsafe openat(descriptor, FileName.c([UInt8(ascii: ".")]), O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard own >= 0 else { throw RecoverError.system(.unreachable, "can't open the directory \(path)") }
    return TreeDirectory(owning: own)
  }

  /// Seccomp filters that don't know openat2(2) answer EPERM.
  private static func possible(_ root: Int32) -> Confinement {
    let tried = unsafe recover_openat2(root, FileName.c([UInt8(ascii: ".")]), recover_path_only | O_CLOEXEC, 0, resolve)
    if tried >= 0 { close(tried) }
    return tried >= 0 ? .kernel : .partByPart
  }

  /// RESOLVE_NO_XDEV, NO_MAGICLINKS, NO_SYMLINKS and BENEATH (linux/openat2.h).
  private static var resolve: UInt64 { 0x01 | 0x02 | 0x04 | 0x08 }

  /// The longest path that is given to the kernel at once; `PATH_MAX` is 4096.
  private static let pathLimit = 4000

  /// Opens a directory below the root, or the root itself.
  ///
  /// - Returns: nil with `errno` where it is not there, is no directory, or a link is in the way.
  func open(_ path: TreePath) -> TreeDirectory? {
    var current = unsafe openat(
      descriptor, FileName.c([UInt8(ascii: ".")]), recover_path_only | O_DIRECTORY | O_CLOEXEC)
    var parts = path.parts[...]
    while !parts.isEmpty, current >= 0 {
      let piece = takePiece(&parts)
      let next = step(from: current, piece)
      let problem = errno
      close(current)
      errno = problem
      current = next
    }
    return current >= 0 ? TreeDirectory(owning: current) : nil
  }

  /// As many parts as go into one call.
  private func takePiece(_ parts: inout ArraySlice<[UInt8]>) -> [UInt8] {
    var piece = parts.removeFirst()
    while confinement == .kernel, let next = parts.first, piece.count + next.count < Self.pathLimit {
      piece += [UInt8(ascii: "/")] + next
      parts.removeFirst()
    }
    return piece
  }

  private func step(from directory: Int32, _ piece: [UInt8]) -> Int32 {
    switch confinement {
    case .kernel:
      return unsafe recover_openat2(
        directory, FileName.c(piece), recover_path_only | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0, Self.resolve)
    case .partByPart:
      let next = unsafe openat(directory, FileName.c(piece), recover_path_only | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard next >= 0 else { return -1 }
      guard FileStatus(next)?.device == device else {
        close(next)
        errno = EXDEV
        return -1
      }
      return next
    }
  }
}

extension TreeRoot {
  /// A directory in the root as a root of its own.
  package func root(of name: String) throws -> TreeRoot {
    let descriptor = unsafe openat(self.descriptor, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw RecoverError.system(.stepFailed, "can't open \(path)/\(name)") }
    let directory = TreeDirectory(owning: descriptor)
    return try TreeRoot(directory.descriptor, path: "\(path)/\(name)")
  }
}
