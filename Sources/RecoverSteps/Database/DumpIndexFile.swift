internal import ArchiveKit
internal import Glibc
package import PostgresKit
package import RecoverBase

/// The index of a run's backup, kept beside the run's state, so that a load and its resume need no second pass.
///
/// One file: a line that says what it is; the windows of the access points, one after the other; the record, which holds
/// everything else; its size (8 bytes, the lowest first) and its SHA-256. Written under a temporary name, synced and
/// renamed. A file that is damaged, of another version, or of another backup is none: it is made again.
package struct DumpIndexFile: Sendable, Hashable {
  package var index: DumpIndex
  package var access: BackupAccess

  private static let magic = Array("recover dump index, version 2\n".utf8)
  private static let trailerBytes = 8 + 32

  package static func path(in directory: String) -> String { "\(directory)/dump-index" }

  /// Reads a backup once, and keeps its index where a directory is given.
  ///
  /// Blocking; memory is bounded whatever the backup's size. How an archive is read is kept beside it.
  ///
  /// - Parameters:
  ///   - file: the backup, where it was looked at already.
  ///   - recorderIntervalBytes: the distance of the places from which a gzip file can be read later.
  /// - Throws: what ``DumpScan`` throws; `drifted` when the file is not the planned one any more; `noSpace`.
  package static func make(
    _ backup: BackupReference, of file: BackupFile? = nil, in directory: String?, interruption: Interruption,
    recorderIntervalBytes: Int64 = 16 << 20, progress: (Int64) -> Void = { _ in }
  ) throws -> (survey: DumpSurvey, file: DumpIndexFile) {
    let file = try file ?? BackupFile(path: backup.path)
    try file.check(backup)
    guard let directory else {
      let scan = try scan(try BackupSource(file, interruption), backup.path, interruption, progress)
      return (scan.survey, DumpIndexFile(index: scan.index, access: BackupAccess(path: "")))
    }
    try RunDirectory.make(directory)
    let writer = try DumpIndexWriter(path: path(in: directory))
    try writer.write(magic)
    let recorder = GzipAccessRecorder(intervalBytes: recorderIntervalBytes) { place, window in
      try writer.add(place, window)
    }
    let source = try BackupSource(file, recorder: recorder, interruption)
    let scan = try scan(source, backup.path, interruption, progress)
    let made = DumpIndexFile(index: scan.index, access: writer.access)
    try writer.finish(made.record(of: backup))
    try file.archive?.keepMap(in: directory)
    return (scan.survey, made)
  }

  private static func scan(
    _ source: consuming BackupSource, _ name: String, _ interruption: Interruption, _ progress: (Int64) -> Void
  ) throws -> DumpScan {
    var reader = DumpReader(source, named: name)
    return try DumpScan(reading: &reader, interruption: interruption, progress: progress)
  }

  /// The kept index of a backup; nil where there is none that can be trusted.
  ///
  /// - Parameter digest: SHA-256 of the uncompressed dump, as it was inspected.
  package static func load(_ backup: BackupReference, digest: Digest, in directory: String) -> DumpIndexFile? {
    let path = path(in: directory)
    guard let record = try? record(in: path), var file = try? DumpIndexFile(record, of: backup, windowsIn: path),
      file.index.digest == digest
    else { return nil }
    // A place is nothing without its file.
    if (try? BackupFile(path: backup.path).check(backup)) == nil { file.access.points = [] }
    return file
  }

  /// The kept index of a backup, made again where there is none that can be trusted.
  ///
  /// - Throws: as ``make(_:of:in:interruption:recorderIntervalBytes:progress:)``; `drifted` when the backup is not the inspected one.
  package static func loadOrMake(
    _ backup: BackupReference, of file: BackupFile? = nil, digest: Digest, in directory: String,
    interruption: Interruption, progress: (Int64) -> Void = { _ in }
  ) throws -> DumpIndexFile {
    if let kept = load(backup, digest: digest, in: directory) { return kept }
    let made = try make(backup, of: file, in: directory, interruption: interruption, progress: progress).file
    guard made.index.digest == digest else {
      throw RecoverError(
        .drifted, "\(backup.path) is not the backup that was inspected", hint: "look at it, and plan again")
    }
    return made
  }
}

// MARK: The record

extension DumpIndexFile {
  private func record(of backup: BackupReference) -> [UInt8] {
    var writer = ByteWriter()
    writer.put(backup.sizeBytes)
    writer.put(backup.modifiedNanoseconds)
    writer.put(access.points) { writer, point in
      writer.put(point.place.offset)
      writer.put(point.place.fileOffset)
      writer.put(point.place.member)
      writer.put(point.place.rest) { writer, rest in
        writer.put(rest.bits)
        writer.put(Int64(rest.checksum))
        writer.put(Int64(rest.byteCount))
      }
      writer.put(point.windowOffset)
      writer.put(point.windowBytes)
      writer.put(point.windowDigest.bytes)
    }
    index.write(to: &writer)
    return writer.bytes
  }

  /// - Throws: ``ByteReader/Damaged``; the places of another file of the same content are left out.
  private init(_ record: [UInt8], of backup: BackupReference, windowsIn path: String) throws {
    var reader = ByteReader(record)
    let isSameFile = try reader.number() == backup.sizeBytes
    let isUntouched = try reader.number() == backup.modifiedNanoseconds
    let points = try reader.array { reader in try BackupAccess.Point(from: &reader) }
    access = BackupAccess(path: path, points: isSameFile && isUntouched ? points : [])
    index = try DumpIndex(from: &reader)
    guard reader.isAtEnd else { throw ByteReader.Damaged() }
  }

  /// The record of a kept file, checked against its SHA-256.
  private static func record(in path: String) throws -> [UInt8] {
    var status = stat()
    guard unsafe stat(path, &status) == 0, status.st_size >= magic.count + trailerBytes,
      try FileSource.bytes(of: path, at: 0, count: magic.count) == magic
    else { throw ByteReader.Damaged() }
    let end = Int64(status.st_size) - Int64(trailerBytes)
    let trailer = try FileSource.bytes(of: path, at: end, count: trailerBytes)
    let size = trailer.prefix(8).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard trailer.count == trailerBytes, size <= UInt64(end) - UInt64(magic.count) else { throw ByteReader.Damaged() }
    let record = try FileSource.bytes(of: path, at: end - Int64(size), count: Int(size))
    guard Digest(of: record).bytes == Array(trailer.suffix(32)) else { throw ByteReader.Damaged() }
    return record
  }
}

extension BackupAccess.Point {
  fileprivate init(from reader: inout ByteReader) throws {
    let (offset, fileOffset, member) = (try reader.number(), try reader.number(), try reader.int())
    let rest = try reader.optional { reader in
      let (bits, checksum, byteCount) = (try reader.int(), try reader.number(), try reader.number())
      guard (0...7).contains(bits), let checksum = UInt32(exactly: checksum), let byteCount = UInt32(exactly: byteCount)
      else { throw ByteReader.Damaged() }
      return GzipAccessPoint.Rest(bits: bits, checksum: checksum, byteCount: byteCount)
    }
    place = GzipAccessPoint(offset: offset, fileOffset: fileOffset, member: member, rest: rest)
    (windowOffset, windowBytes) = (try reader.number(), try reader.int())
    guard let digest = Digest(bytes: try reader.content()), (0...(64 << 10)).contains(windowBytes) else {
      throw ByteReader.Damaged()
    }
    windowDigest = digest
  }
}

// MARK: Writing

/// Writes an index under a temporary name, window by window; without ``finish(_:)`` nothing is left.
private final class DumpIndexWriter {
  private let path: String
  private let temporary: String
  private let descriptor: Int32
  private var byteCount: Int64 = 0
  private(set) var access: BackupAccess

  init(path: String) throws {
    self.path = path
    temporary = path + ".new"
    access = BackupAccess(path: path)
    descriptor = unsafe open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw RecoverError.system(.noSpace, "can't write \(temporary)") }
  }

  deinit {
    close(descriptor)
    unsafe unlink(temporary)
  }

  func write(_ bytes: [UInt8]) throws {
    try RunDirectory.writeAll(bytes[...], to: descriptor, temporary)
    byteCount += Int64(bytes.count)
  }

  func add(_ place: GzipAccessPoint, _ window: [UInt8]) throws {
    access.points.append(
      BackupAccess.Point(
        place: place, windowOffset: byteCount, windowBytes: window.count, windowDigest: Digest(of: window)))
    try write(window)
  }

  func finish(_ record: [UInt8]) throws {
    try write(record)
    try write((0..<8).map { UInt8(truncatingIfNeeded: record.count >> ($0 * 8)) })
    try write(Digest(of: record).bytes)
    guard fsync(descriptor) == 0, unsafe rename(temporary, path) == 0 else {
      throw RecoverError.system(.noSpace, "can't write \(path)")
    }
  }
}
