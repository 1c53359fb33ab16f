internal import RecoverBase

/// The members of a gzip file that say how long they are (``MemberMark``), read one after the other as they are.
struct MarkedMembers: ~Copyable {
  private var source: HashingSource<FileSource>
  /// Read, and no part of a member that was given out.
  private var pending: [UInt8] = []
  private var members = 0
  private var contentOffset: Int64 = 0

  /// A member, still compressed.
  struct Member {
    /// From 1 on.
    var number: Int
    /// Where it begins in the file, and where its content begins in the whole content.
    var fileOffset: Int64
    var count: Int
    var contentBytes: Int
  }

  init(_ source: consuming HashingSource<FileSource>) { self.source = source }

  private static let readBytes = 256 << 10

  /// Whether a file begins with such a member.
  static func begin(_ path: String) throws -> Bool {
    MemberMark.size(try FileSource.bytes(of: path, at: 0, count: MemberMark.headerBytes)[...]) != nil
  }

  /// Reads the next member into a buffer, which grows where it has to.
  ///
  /// - Returns: nil where no marked member follows: at the end, or before anything else; ``rest()`` reads that.
  mutating func next(into buffer: inout [UInt8]) throws -> Member? {
    guard try fill(MemberMark.headerBytes), let size = MemberMark.size(pending[...]), try fill(size) else { return nil }
    let contentBytes = MemberMark.contentSize(pending[..<size])
    guard contentBytes <= MemberMark.limitBytes, contentBytes > 0 else { return nil }
    if buffer.count < size { buffer += repeatElement(0, count: size - buffer.count) }
    unsafe pending.withUnsafeBytes { from in
      unsafe buffer.withUnsafeMutableBytes {
        unsafe $0.copyMemory(from: UnsafeRawBufferPointer(rebasing: from[..<size]))
      }
    }
    members += 1
    let member = Member(
      number: members, fileOffset: consumedBytes, count: size, contentBytes: contentBytes)
    pending.removeFirst(size)
    contentOffset += Int64(contentBytes)
    return member
  }

  /// How many bytes of the file were given out.
  var consumedBytes: Int64 { source.consumedBytes - Int64(pending.count) }
  var memberCount: Int { members }

  /// Reads what follows the last marked member, and the end, by the rules for every gzip file.
  consuming func rest(named name: String) throws -> GzipSource<PrefixedSource<HashingSource<FileSource>>> {
    let point = GzipAccessPoint(offset: contentOffset, fileOffset: consumedBytes, member: members + 1)
    return try GzipSource(PrefixedSource(pending, source), named: name, at: point, window: [])
  }

  /// - Returns: false where the file ends before so many bytes are there.
  private mutating func fill(_ count: Int) throws -> Bool {
    while pending.count < count {
      let before = pending.count
      let wanted = max(Self.readBytes, count - before)
      pending += repeatElement(0, count: wanted)
      let read = try unsafe pending.withUnsafeMutableBytes { bytes in
        try unsafe source.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes[before...]))
      }
      pending.removeLast(wanted - read)
      if read == 0 { return false }
    }
    return true
  }
}

/// Bytes that were read already, and the source that they came from.
struct PrefixedSource<Source: ByteSource & ~Copyable>: ByteSource, ~Copyable {
  private var prefix: ArraySlice<UInt8>
  private(set) var source: Source

  init(_ prefix: [UInt8], _ source: consuming Source) {
    self.prefix = prefix[...]
    self.source = source
  }

  var consumedBytes: Int64 { source.consumedBytes - Int64(prefix.count) }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    guard !prefix.isEmpty else { return try unsafe source.read(into: buffer) }
    let count = min(buffer.count, prefix.count)
    unsafe buffer.copyBytes(from: prefix.prefix(count))
    prefix.removeFirst(count)
    return count
  }
}
