internal import Glibc
package import RecoverBase

/// Writes a directory tree as a tar archive: the same tree always gives the same bytes.
///
/// Nothing in the archive tells the clock, the process or the order of the file system; times of access are left out,
/// since reading changes them. The root is the member `./`, everything else stands below it.
package struct TreePacker: ~Copyable {
  private var walk: TreeWalk
  var encoder = TarEncoder()
  private var accounts = AccountNames()
  private var links: LinkLedger
  let options: PackOptions
  let root: String
  var report = PackReport()
  var header: [UInt8] = []
  private var line: [UInt8] = []
  let afterReading: ([UInt8]) throws -> Void

  /// Told each line of the list, and how far the archive has come.
  package typealias Listener = (_ line: [UInt8], _ archiveBytes: Int64) throws -> Void

  /// Packs a tree.
  ///
  /// - Parameters:
  ///   - scratch: a directory for temporary files without a name.
  ///   - listen: told each entry once it is written and will not be taken back.
  /// - Throws: ``RecoverError``: `unreachable` for what can't be read, `busy` for a file that always changes, and what
  ///   the stream throws.
  package static func pack(
    _ root: String, _ options: PackOptions, to stream: inout MemberStream, scratch: String,
    _ interruption: Interruption, listen: Listener
  ) throws -> PackReport {
    var packer = try TreePacker(root, options, scratch: scratch) { _ in }
    return try packer.pack(to: &stream, interruption, listen)
  }

  /// - Parameter afterReading: called when a file has been read, and before it is looked at again.
  static func pack(
    _ root: String, _ options: PackOptions, to stream: inout MemberStream, scratch: String,
    _ interruption: Interruption, afterReading: @escaping ([UInt8]) throws -> Void, listen: Listener
  ) throws -> PackReport {
    var packer = try TreePacker(root, options, scratch: scratch, afterReading)
    return try packer.pack(to: &stream, interruption, listen)
  }

  private mutating func pack(
    to stream: inout MemberStream, _ interruption: Interruption, _ listen: Listener
  ) throws -> PackReport {
    while let entry = try walk.next() {
      try interruption.check()
      guard let (member, digest) = try add(entry, to: &stream, interruption) else { continue }
      line.removeAll(keepingCapacity: true)
      FileLine.append(member, digest, to: &line)
      try listen(line, stream.offset)
    }
    try stream.append(TarEncoder.ending)
    report.archiveBytes = stream.offset
    report.remarks.merge(walk.report.remarks) { ours, theirs in
      var sum = ours
      sum.count += theirs.count
      sum.first += theirs.first
      return sum
    }
    return report
  }

  private init(
    _ root: String, _ options: PackOptions, scratch: String, _ afterReading: @escaping ([UInt8]) throws -> Void
  ) throws {
    let walk = try TreeWalk(root, options)
    let links = try LinkLedger(scratch: scratch)
    self.walk = walk
    self.links = links
    self.options = options
    self.root = root
    self.afterReading = afterReading
  }

  /// - Returns: nil where the entry is not in the archive.
  private mutating func add(
    _ entry: TreeWalk.Entry, to stream: inout MemberStream, _ interruption: Interruption
  ) throws -> (TarMember, Digest?)? {
    let (status, name) = (entry.status, Self.name(of: entry))
    guard let kind = status.kind, kind != .socket else {
      report.add(.socket, entry.path)
      return nil
    }
    if kind != .directory, status.links > 1, let first = try links.name(of: status) {
      report.hardLinks += 1
      return (try write(member(name, .hardLink(target: TarName(first)), status), to: &stream), nil)
    }
    let written: (TarMember, Digest?)?
    switch kind {
    case .directory:
      report.directories += 1
      var found = member(name, .directory, status)
      if let descriptor = entry.descriptor { addAttributes(of: descriptor, to: &found) }
      written = (try write(found, to: &stream), nil)
    case .symbolicLink:
      guard let target = try readLink(entry) else { return nil }
      report.symbolicLinks += 1
      written = (try write(member(name, .symbolicLink(target: TarName(target)), status), to: &stream), nil)
    case .fifo:
      report.fifos += 1
      written = (try write(member(name, .fifo, status), to: &stream), nil)
    case .characterDevice, .blockDevice:
      report.devices += 1
      let device = status.deviceNumber
      let kind = kind == .blockDevice ? TarMember.Kind.blockDevice(device) : .characterDevice(device)
      written = (try write(member(name, kind, status), to: &stream), nil)
    case .file: written = try addFile(entry, name, to: &stream, interruption)
    case .socket: written = nil
    }
    if kind != .directory, written != nil { try links.note(status, name) }
    return written
  }

  /// `./`, `./a/b`, and a slash behind directories.
  private static func name(of entry: TreeWalk.Entry) -> [UInt8] {
    let front = [UInt8(ascii: "."), UInt8(ascii: "/")]
    return front + entry.path + (entry.status.isDirectory && !entry.path.isEmpty ? [UInt8(ascii: "/")] : [])
  }

  mutating func member(_ name: [UInt8], _ kind: TarMember.Kind, _ status: FileStatus) -> TarMember {
    TarMember(
      name: TarName(name), kind: kind, mode: status.mode,
      user: TarMember.Owner(number: status.user, name: accounts.name(ofUser: status.user)),
      group: TarMember.Owner(number: status.group, name: accounts.name(ofGroup: status.group)),
      modified: status.modified, hasWholeSeconds: false, accessed: nil, size: 0, dataBytes: 0, sparse: nil,
      attributes: [], accessList: nil, defaultList: nil, ignoredKeywords: [], offset: 0)
  }

  /// Writes the headers of a member; its data, where it has any, comes next.
  mutating func write(_ member: TarMember, to stream: inout MemberStream) throws -> TarMember {
    var member = member
    member.offset = stream.offset
    stream.note(member.name.bytes)
    header.removeAll(keepingCapacity: true)
    encoder.append(member, to: &header)
    try stream.append(header)
    return member
  }

  private mutating func readLink(_ entry: TreeWalk.Entry) throws -> [UInt8]? {
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = unsafe readlinkat(entry.parent, entry.name, &buffer, buffer.count)
    guard count > 0 else {
      guard errno == ENOENT || errno == EINVAL else { throw failure("read the link", entry.path) }
      report.add(.vanished, entry.path)
      return nil
    }
    return buffer.prefix(count).map { UInt8(bitPattern: $0) }
  }

  /// Extended attributes and access control lists of an open file or directory.
  func addAttributes(of file: Int32, to member: inout TarMember) {
    for name in FileAttributes.names(file).sorted() {
      guard let value = FileAttributes.value(of: name, file) else { continue }
      switch (name, AccessList(bytes: value)) {
      case ("system.posix_acl_access", let list?): member.accessList = list.text
      case ("system.posix_acl_default", let list?): member.defaultList = list.text
      default: member.attributes.append(TarMember.Attribute(name: name, value: value))
      }
    }
  }

  func failure(_ what: String, _ path: [UInt8]) -> RecoverError {
    RecoverError.system(
      .unreachable, "can't \(what) \(root)/\(TarName(path))",
      hint: "run it as root, leave it out with --exclude, or --skip-unreadable")
  }
}
