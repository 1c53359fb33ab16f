internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport

@testable internal import ArchiveKit

/// A random tree on disk, and what must be found of it in an archive.
struct RandomTree {
  /// What one entry is.
  struct Entry: Hashable, CustomStringConvertible {
    var kind: String
    var mode: UInt16
    var modified: TarTime
    var content: [UInt8]
    var target: [UInt8]

    var description: String {
      "\(kind) \(String(mode, radix: 8)) \(modified) \(content.count) bytes -> \(TarName(target))"
    }
  }

  /// By path below the root, without slashes at the end.
  private(set) var entries: [[UInt8]: Entry] = [:]
  private var directories: [[UInt8]] = [[]]
  private let root: Int32
  private let times: ClosedRange<Int64>

  /// Makes a tree in an empty directory.
  ///
  /// - Parameter times: the seconds that files are given.
  init(in path: String, entries count: Int, times: ClosedRange<Int64>, _ random: inout SeededGenerator) throws {
    root = unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard root >= 0 else { throw RecoverError.system(.unreachable, "can't open \(path)") }
    defer { close(root) }
    self.times = times
    while entries.count < count { try add(&random) }
    // Last, since each new entry changes its directory's time.
    for (name, entry) in entries { try finish(name, entry) }
  }

  /// Any bytes but NUL and slash, sometimes as long as a name may be.
  private static func name(_ random: inout SeededGenerator) -> [UInt8] {
    let length = random.chance(1, of: 10) ? random.int(90...255) : random.int(1...20)
    let name = random.bytes(length).map { $0 == 0 || $0 == UInt8(ascii: "/") ? UInt8(ascii: "x") : $0 }
    return name == Array(".".utf8) || name == Array("..".utf8) ? Array("dots".utf8) : name
  }

  private mutating func add(_ random: inout SeededGenerator) throws {
    let parent = random.pick(directories)
    let path = parent + (parent.isEmpty ? [] : [UInt8(ascii: "/")]) + Self.name(&random)
    guard entries[path] == nil, path.count < 900 else { return }
    var entry = Entry(
      kind: "file", mode: UInt16(random.int(0...0o777)),
      modified: TarTime(
        seconds: Int64(random.int(Int(times.lowerBound)...Int(times.upperBound))),
        nanoseconds: Int32(random.int(0...999_999_999))), content: [], target: [])
    let name = path.map { CChar(bitPattern: $0) } + [0]
    switch random.int(0...9) {
    case 0...1:
      entry.kind = "directory"
      guard unsafe mkdirat(root, name, 0o700) == 0 else { throw Self.failure }
      directories.append(path)
    case 2:
      entry.kind = "symbolic link"
      entry.mode = 0o777
      entry.target = Self.name(&random)
      guard unsafe symlinkat(entry.target.map { CChar(bitPattern: $0) } + [0], root, name) == 0 else {
        throw Self.failure
      }
    case 3:
      entry.kind = "fifo"
      guard unsafe mkfifoat(root, name, 0o600) == 0 else { throw Self.failure }
    default:
      entry.content = random.bytes(random.pick([0, 1, 511, 512, 513, 5000]), below: random.pick([1, 256]))
      let file = unsafe openat(root, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
      guard file >= 0 else { throw Self.failure }
      defer { close(file) }
      guard unsafe write(file, entry.content, entry.content.count) == entry.content.count else { throw Self.failure }
    }
    entries[path] = entry
  }

  private func finish(_ path: [UInt8], _ entry: Entry) throws {
    let name = path.map { CChar(bitPattern: $0) } + [0]
    // Directories must stay open to an ordinary user.
    let mode = entry.kind == "directory" ? entry.mode | 0o700 : entry.mode
    if entry.kind != "symbolic link" {
      guard unsafe fchmodat(root, name, mode_t(mode), 0) == 0 else { throw Self.failure }
    }
    let time = timespec(tv_sec: Int(entry.modified.seconds), tv_nsec: Int(entry.modified.nanoseconds))
    guard unsafe utimensat(root, name, [time, time], AT_SYMLINK_NOFOLLOW) == 0 else { throw Self.failure }
  }

  private static var failure: RecoverError { RecoverError.system(.unreachable, "can't make a random tree") }

  /// What there is on disk now, modes of directories included.
  var expected: [[UInt8]: Entry] {
    entries.mapValues { entry in
      var entry = entry
      if entry.kind == "directory" { entry.mode |= 0o700 }
      return entry
    }
  }
}
