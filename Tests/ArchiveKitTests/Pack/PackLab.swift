internal import Glibc
internal import RecoverBase
internal import RecoverTestSupport
internal import Synchronization

@testable internal import ArchiveKit

/// An archive in memory, as a file would hold it.
final class MemoryArchive: MemberSink {
  private let state = Mutex((bytes: [UInt8](), members: [PackedMember](), saved: (0, 0), restores: 0))

  func append(_ member: PackedMember) throws {
    state.withLock { state in
      state.bytes += member.bytes
      state.members.append(member)
    }
  }

  func save() { state.withLock { $0.saved = ($0.bytes.count, $0.members.count) } }

  func restore() throws {
    state.withLock { state in
      state.bytes.removeLast(state.bytes.count - state.saved.0)
      state.members.removeLast(state.members.count - state.saved.1)
      state.restores += 1
    }
  }

  var bytes: [UInt8] { state.withLock { $0.bytes } }
  var members: [PackedMember] { state.withLock { $0.members } }
  var restores: Int { state.withLock { $0.restores } }
}

/// Packs trees in a directory of its own.
final class PackLab {
  let scratch: ScratchDirectory

  init() throws { scratch = try ScratchDirectory() }

  struct Packed {
    var archive: MemoryArchive
    var list: [UInt8]
    var report: PackReport

    var remarks: [String] {
      report.remarks.flatMap { remark, named in named.first.map { "\(remark.rawValue) \($0)" } }.sorted()
    }
  }

  /// - Parameter afterReading: told each file that was read, before it is looked at again.
  func pack(
    _ tree: String, _ options: PackOptions = PackOptions(), threads: Int = 2,
    afterReading: @escaping (String) throws -> Void = { _ in }
  ) throws -> Packed {
    let archive = MemoryArchive()
    var list: [UInt8] = []
    let report = try MemberStream.writing(to: archive, .libdeflate, level: 6, threads: threads) { stream in
      try TreePacker.pack(
        scratch.at(tree), options, to: &stream, scratch: scratch.path, Interruption(),
        afterReading: { try afterReading("\(TarName($0))") }, listen: { line, _ in list += line })
    }
    return Packed(archive: archive, list: list, report: report)
  }

  func write(_ bytes: [UInt8], to name: String) throws {
    let descriptor = unsafe open(scratch.at(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw RecoverError.system(.unreachable, "can't write \(name)") }
    defer { close(descriptor) }
    var left = bytes[...]
    while !left.isEmpty {
      let count = unsafe left.withUnsafeBytes { unsafe Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { throw RecoverError.system(.unreachable, "can't write \(name)") }
      left = left.dropFirst(count)
    }
  }

  func shell(_ script: String) throws {
    try TestProcess.output(["sh", "-ec", script], environment: ["LC_ALL": "C.UTF-8"], directory: scratch.path)
  }

  /// The names in an archive, as our reader finds them.
  func names(_ packed: Packed) throws -> [String] {
    try write(packed.archive.bytes, to: "names.tar.gz")
    var names: [String] = []
    _ = try TarSurvey(
      try TarFile(path: scratch.at("names.tar.gz")), visit: { member, _ in names.append("\(member.name)") })
    return names
  }
}
