package import RecoverBase

/// What an archive holds, found by reading all of it.
package struct TarSurvey: Sendable, Hashable {
  package private(set) var files: Int64 = 0
  package private(set) var directories: Int64 = 0
  package private(set) var symbolicLinks: Int64 = 0
  package private(set) var hardLinks: Int64 = 0
  package private(set) var devices: Int64 = 0
  package private(set) var fifos: Int64 = 0
  /// The sizes of all files, holes included.
  package private(set) var contentBytes: Int64 = 0
  /// What of them stands in the archive.
  package private(set) var dataBytes: Int64 = 0
  package private(set) var sparseFiles: Int64 = 0
  /// Members with the bits setuid or setgid, directories apart.
  package private(set) var privileged: Int64 = 0
  package private(set) var withAttributes: Int64 = 0
  package private(set) var withAccessLists: Int64 = 0
  /// Keywords of extended headers that only other programs know.
  package private(set) var ignoredKeywords: Set<String> = []
  /// Decompressed.
  package private(set) var archiveBytes: Int64 = 0
  /// Of the file on disk.
  package private(set) var fileBytes: Int64 = 0
  package private(set) var sha256 = Digest(of: [])
  /// What the file's selection left out; nothing else is counted.
  package private(set) var leftOut = TarLeftOut()
  package private(set) var ending = TarReader<PipelinedSource>.Ending.complete

  /// So many unknown keywords are kept.
  private static let keywordLimit = 20

  /// Reads a whole archive: each checksum, each rule, each budget, and each name that a restore would refuse.
  ///
  /// - Parameters:
  ///   - hashesFiles: whether the content of each file is hashed.
  ///   - progress: told now and then how many bytes of the file on disk have been read.
  ///   - visit: told each member, with the SHA-256 of its data where it is a file and that was asked for; without the
  ///     holes where it is sparse.
  /// - Throws: ``RecoverError`` `backupRefused` with the place; `unreachable`; `interrupted`.
  package init(
    _ file: TarFile, budget: TarBudget = .standard, hashesFiles: Bool = true, _ interruption: Interruption? = nil,
    progress: (Int64) -> Void = { _ in }, visit: (TarMember, Digest?) throws -> Void = { _, _ in }
  ) throws {
    try PipelinedSource.reading(file, budget: budget, interruption ?? Interruption()) { reader in
      try add(&reader, hashesFiles: hashesFiles, progress: progress, visit: visit)
    }
  }

  private mutating func add(
    _ reader: inout TarReader<PipelinedSource>, hashesFiles: Bool, progress: (Int64) -> Void,
    visit: (TarMember, Digest?) throws -> Void
  ) throws {
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    var told: Int64 = 0
    var names = TreeNames()
    while let member = try reader.next() {
      try names.add(member)
      add(member)
      if reader.consumedBytes - told > 4 << 20 {
        told = reader.consumedBytes
        progress(told)
      }
      guard member.kind == .file, hashesFiles else {
        try visit(member, nil)
        continue
      }
      var hasher = DigestBuilder()
      try unsafe buffer.withUnsafeMutableBytes { bytes in
        while let piece = try unsafe reader.read(into: bytes) {
          unsafe hasher.update(UnsafeRawBufferPointer(rebasing: bytes[..<Int(piece.byteCount)]).bytes)
        }
      }
      try visit(member, hasher.finish())
    }
    guard let digest = reader.fileDigest else {
      throw RecoverError(.bug, "an archive was read to its end and has no digest")
    }
    archiveBytes = reader.archiveBytes
    fileBytes = reader.fileBytes
    sha256 = digest
    ending = reader.ending ?? .complete
    leftOut = reader.leftOut
  }

  /// How many members make something.
  package var memberCount: Int64 { files + directories + symbolicLinks + hardLinks + devices + fifos }

  private mutating func add(_ member: TarMember) {
    switch member.kind {
    case .file: files += 1
    case .directory: directories += 1
    case .symbolicLink: symbolicLinks += 1
    case .hardLink: hardLinks += 1
    case .characterDevice, .blockDevice: devices += 1
    case .fifo: fifos += 1
    case .label: break
    }
    contentBytes += member.size
    dataBytes += member.dataBytes
    if member.sparse != nil { sparseFiles += 1 }
    if member.mode & 0o6000 != 0, member.kind != .directory { privileged += 1 }
    if !member.attributes.isEmpty { withAttributes += 1 }
    if member.accessList != nil || member.defaultList != nil { withAccessLists += 1 }
    for keyword in member.ignoredKeywords where ignoredKeywords.count < Self.keywordLimit {
      ignoredKeywords.insert(keyword)
    }
  }
}
