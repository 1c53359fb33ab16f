internal import Glibc
internal import RecoverBase

extension TreePacker {
  /// So often a file is read that changes meanwhile.
  private static let attempts = 4

  /// What one reading of a file gave.
  private struct Reading {
    var member: TarMember
    var digest: Digest
    /// Of as much as the reading before had; nil where there was none, or the file is sparse or shorter.
    var earlierDigest: Digest?
    /// Whether all of it was there.
    var isWhole: Bool
  }

  /// Writes a file as it was at one time: one that changes while it is read is taken back and read again.
  ///
  /// Whether it changed is told by its size and its times before and after. A log is always being written, so a file that
  /// has only grown, and whose beginning two readings found the same, is kept as the second one found it.
  mutating func addFile(
    _ entry: TreeWalk.Entry, _ name: [UInt8], to stream: inout MemberStream, _ interruption: Interruption
  ) throws -> (TarMember, Digest?)? {
    var earlier: Reading?
    for attempt in 1...Self.attempts {
      guard let file = try open(entry) else { return nil }
      guard let before = FileStatus(file.descriptor), before.isFile else {
        report.add(.vanished, entry.path)
        return nil
      }
      try stream.mark()
      let reading = try read(file.descriptor, before, name, after: earlier, to: &stream, interruption, entry.path)
      try afterReading(entry.path)
      guard let after = FileStatus(file.descriptor) else { throw failure("look at", entry.path) }
      let isSame =
        reading.isWhole && after.size == before.size && after.modified == before.modified
        && after.changed == before.changed
      let hasGrown =
        reading.isWhole && after.size > before.size && earlier != nil
        && reading.earlierDigest == earlier?.digest
      if isSame || hasGrown || (attempt == Self.attempts && options.keepsChanging) {
        if hasGrown, !isSame { report.add(.grew, entry.path) }
        if !isSame, !hasGrown { report.add(.changing, entry.path) }
        report.files += 1
        report.contentBytes += reading.member.size
        if reading.member.sparse != nil { report.sparseFiles += 1 }
        return (reading.member, reading.digest)
      }
      try stream.rewind()
      earlier = reading
      _ = interruption.wait(atMost: .milliseconds(50 * attempt))
      try interruption.check()
    }
    throw RecoverError(
      .busy, "\(root)/\(TarName(entry.path)) changed each of the \(Self.attempts) times that it was read",
      hint: "stop what writes it, leave it out with --exclude, or keep it as it is with --keep-changing")
  }

  private mutating func open(_ entry: TreeWalk.Entry) throws -> TreeDirectory? {
    // Without a time of access where we may: a backup need not write to the disk that it reads.
    let flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC
    var descriptor = unsafe openat(entry.parent, entry.name, flags | Self.leavesAccessTime)
    if descriptor < 0, errno == EPERM { descriptor = unsafe openat(entry.parent, entry.name, flags) }
    if descriptor >= 0 { return TreeDirectory(owning: descriptor) }
    switch errno {
    case ENOENT, ELOOP, ENXIO: report.add(.vanished, entry.path)
    case EACCES where options.skipsUnreadable, EPERM where options.skipsUnreadable: report.add(.unreadable, entry.path)
    default: throw failure("read", entry.path)
    }
    return nil
  }

  /// O_NOATIME, which Swift's Glibc lacks.
  private static var leavesAccessTime: Int32 { 0o1000000 }

  private mutating func read(
    _ file: Int32, _ status: FileStatus, _ name: [UInt8], after earlier: Reading?, to stream: inout MemberStream,
    _ interruption: Interruption, _ path: [UInt8]
  ) throws -> Reading {
    var found = member(name, .file, status)
    addAttributes(of: file, to: &found)
    found.sparse = SparseScan.map(file, status)
    found.size = status.size
    found.dataBytes = found.sparse?.dataBytes ?? status.size
    let member = try write(found, to: &stream)
    var hasher = DigestBuilder()
    var reading = Reading(member: member, digest: Digest(of: []), earlierDigest: nil, isWhole: true)
    let earlierSize = earlier.map { member.sparse == nil && $0.member.sparse == nil ? $0.member.size : -1 } ?? -1
    for piece in member.sparse?.pieces ?? [TarSparsePiece(offset: 0, byteCount: status.size)] {
      // A piece ends where the earlier reading did, so that its digest can be taken there.
      let cut = (piece.offset..<piece.end).contains(earlierSize) ? earlierSize : piece.end
      for part in [piece.offset..<cut, cut..<piece.end] {
        if part.lowerBound == earlierSize { reading.earlierDigest = hasher.finish() }
        let missing = try copy(file, part, to: &stream, &hasher, interruption, path)
        if missing > 0 { reading.isWhole = false }
        // The header has promised them; nobody will see it.
        try stream.appendZeros(missing)
      }
      if piece.end == earlierSize { reading.earlierDigest = hasher.finish() }
    }
    try stream.appendZeros(Int64(TarEncoder.padding(member.dataBytes)))
    reading.digest = hasher.finish()
    return reading
  }

  /// - Returns: how many bytes of the range the file does not have.
  private func copy(
    _ file: Int32, _ range: Range<Int64>, to stream: inout MemberStream, _ hasher: inout DigestBuilder,
    _ interruption: Interruption, _ path: [UInt8]
  ) throws -> Int64 {
    var place = range.lowerBound
    while place < range.upperBound {
      let count = try unsafe stream.fill { room in
        let wanted = Int(min(Int64(room.count), range.upperBound - place))
        while true {
          let count = unsafe pread(file, room.baseAddress, wanted, off_t(place))
          if count < 0, errno == EINTR { continue }
          guard count >= 0 else { throw failure("read", path) }
          unsafe hasher.update(UnsafeRawBufferPointer(rebasing: room[..<count]).bytes)
          return count
        }
      }
      if count == 0 { break }
      place += Int64(count)
      try interruption.check()
    }
    return range.upperBound - place
  }
}
