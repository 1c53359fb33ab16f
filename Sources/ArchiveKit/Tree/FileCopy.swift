internal import CLinux
internal import Glibc
internal import RecoverBase

/// Copies contents on one file system.
///
/// By sharing blocks where it can (FICLONE, ioctl_ficlone(2)), else byte by byte with holes kept. Every byte is read once, for its digest.
struct FileCopy {
  /// What was copied: for the proof.
  struct Content {
    var digest: Digest
    var pieces: [TarSparsePiece]?
    var byteCount: Int64
    var isCloned: Bool
    /// Whether all of it was there.
    var isWhole: Bool
  }

  /// Whether the file system shares blocks, as far as is known.
  private var mayClone = true
  private var buffer = [UInt8](repeating: 0, count: 256 << 10)

  /// Copies all of a file into an empty one.
  mutating func copy(
    _ source: Int32, _ status: FileStatus, to target: Int32, _ path: String, _ interruption: Interruption
  ) throws -> Content {
    let map = SparseScan.map(source, status)
    if mayClone, status.size > 0, recover_clone(target, source) != 0 {
      // Not of this file alone: of the file system.
      mayClone = false
    }
    let isCloned = mayClone && status.size > 0
    var (hasher, done, isWhole) = (DigestBuilder(), Int64(0), true)
    for piece in map?.pieces ?? [TarSparsePiece(offset: 0, byteCount: status.size)] {
      var place = piece.offset
      while place < piece.end {
        try interruption.check()
        let count = try read(source, at: place, atMost: piece.end - place, path)
        guard count > 0 else {
          isWhole = false
          break
        }
        unsafe buffer.withUnsafeBytes { unsafe hasher.update(UnsafeRawBufferPointer(rebasing: $0[..<count]).bytes) }
        if !isCloned { try write(count, to: target, at: place, path) }
        place += Int64(count)
        done += Int64(count)
      }
    }
    if map != nil, !isCloned, ftruncate(target, off_t(status.size)) != 0 {
      throw RecoverError.system(.stepFailed, "can't set the size of the copy of \(path)")
    }
    return Content(digest: hasher.finish(), pieces: map?.pieces, byteCount: done, isCloned: isCloned, isWhole: isWhole)
  }

  private mutating func read(_ source: Int32, at place: Int64, atMost limit: Int64, _ path: String) throws -> Int {
    let wanted = Int(min(Int64(buffer.count), limit))
    while true {
      let count = unsafe buffer.withUnsafeMutableBytes { unsafe pread(source, $0.baseAddress, wanted, off_t(place)) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw RecoverError.system(.stepFailed, "can't read \(path)") }
      return count
    }
  }

  private func write(_ count: Int, to target: Int32, at place: Int64, _ path: String) throws {
    var written = 0
    while written < count {
      let more = unsafe buffer.withUnsafeBytes {
        unsafe pwrite(target, $0.baseAddress?.advanced(by: written), count - written, off_t(place) + off_t(written))
      }
      if more < 0, errno == EINTR { continue }
      guard more > 0 else { throw RecoverError.system(.stepFailed, "can't write the copy of \(path)") }
      written += more
    }
  }
}

extension StagingDirectory {
  /// Whether files here can share their blocks, found by trying.
  package func sharesBlocks() throws -> Bool {
    var one = try newFile(named: "clone.one")
    try one.append([UInt8](repeating: 1, count: 4096))
    try one.flush()
    let other = try newFile(named: "clone.other")
    let isShared = recover_clone(other.descriptor, one.descriptor) == 0
    for name in ["clone.one", "clone.other"] { try removeFile(name) }
    return isShared
  }
}
