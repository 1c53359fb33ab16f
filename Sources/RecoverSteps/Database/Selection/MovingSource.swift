internal import Glibc
internal import PostgresKit
internal import RecoverBase

/// A backup that is read at several places, most of them one behind the other.
///
/// Between two places it reads on where that is cheaper than opening the backup again.
struct MovingSource: ~Copyable {
  private let file: BackupFile
  private let access: BackupAccess?
  private let interruption: Interruption?
  /// nil only while another one is opened: an archive's child is given back first, so that it can be taken up again.
  private var source: BackupSource?
  /// The offset of the next byte in the decompressed backup.
  private(set) var offset: Int64

  init(_ file: BackupFile, at offset: Int64, access: BackupAccess?, _ interruption: Interruption?) throws {
    self.file = file
    self.access = access
    self.interruption = interruption
    self.offset = offset
    source = try BackupSource(file, offset: offset, access: access, interruption)
  }

  /// Goes to another place.
  mutating func move(to target: Int64) throws {
    guard target != offset else { return }
    if target > offset, target - offset <= skippedBytes {
      let gap = target - offset
      offset = target
      guard try source?.skip(gap) == gap else { throw shorter(target) }
      return
    }
    source = nil
    source = try BackupSource(file, offset: target, access: access, interruption)
    offset = target
  }

  /// Up to so many bytes are skipped by reading them.
  private var skippedBytes: Int64 {
    if file.excerpt != nil { return 8 << 20 }
    return switch file.compression {
    case nil: 1 << 20
    // As far as two of its known places are from each other.
    case .gzip?: access?.points.isEmpty == false ? 16 << 20 : .max
    case .zstd?: .max
    }
  }

  private func shorter(_ target: Int64) -> RecoverError {
    RecoverError(.backupRefused, "the backup is shorter than it was: byte \(target) is not there any more")
  }

  mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = try unsafe source?.read(into: buffer) ?? 0
    offset += Int64(count)
    return count
  }

  /// So many bytes from a place on.
  mutating func bytes(at start: Int64, count: Int) throws -> [UInt8] {
    try move(to: start)
    var bytes = [UInt8](repeating: 0, count: count)
    var filled = 0
    while filled < count {
      let read = try unsafe bytes.withUnsafeMutableBytes { buffer in
        try unsafe self.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]))
      }
      guard read > 0 else { throw shorter(start + Int64(count)) }
      filled += read
    }
    return bytes
  }
}

/// The statements whose text an index has not kept, read from the backup.
final class StatementTexts {
  private let file: BackupFile
  private let access: BackupAccess?
  private let interruption: Interruption?
  private var source: MovingSource?

  init(_ file: BackupFile, access: BackupAccess?, _ interruption: Interruption?) {
    self.file = file
    self.access = access
    self.interruption = interruption
  }

  func read(_ entry: DumpEntry) throws -> SQLText {
    guard case .statement(let count, _) = entry.content else {
      throw RecoverError(.bug, "the text of what is no statement")
    }
    if source == nil { source = try MovingSource(file, at: entry.offset, access: access, interruption) }
    return SQLText(try source?.bytes(at: entry.offset, count: count) ?? [])
  }
}
