internal import Glibc
internal import PostgresKit
internal import RecoverBase

/// Writes statements into members of their own: the sections of the schema, and sequences.
///
/// A member may end within a statement: nobody else may append meanwhile.
struct SectionWriter: ~Copyable {
  private let sink: MemberWriter
  private let memberBytes: Int
  private var content: [UInt8] = []

  init(_ sink: MemberWriter, memberBytes: Int) {
    self.sink = sink
    self.memberBytes = memberBytes
  }

  mutating func write(_ bytes: some Collection<UInt8>) throws {
    content += bytes
    if content.count >= memberBytes { try flush() }
  }

  /// What is left goes into a member of its own.
  mutating func flush() throws {
    guard !content.isEmpty else { return }
    try sink.write(content.span, [])
    content.removeAll(keepingCapacity: true)
  }

  /// Copies a range of a file.
  mutating func write(_ path: String, _ range: Range<Int64>, _ interruption: Interruption) throws {
    var source = try FileSource(path: path, offset: range.lowerBound)
    var left = range.upperBound - range.lowerBound
    var buffer = [UInt8](repeating: 0, count: 1 << 18)
    while left > 0 {
      try interruption.check()
      let count = try unsafe buffer.withUnsafeMutableBytes { bytes in
        try unsafe source.read(into: UnsafeMutableRawBufferPointer(rebasing: bytes.prefix(Int(min(left, 1 << 18)))))
      }
      guard count > 0 else { throw RecoverError(.bug, "\(path) became shorter") }
      try write(buffer[..<count])
      left -= Int64(count)
    }
  }
}

/// A file that pg_restore wrote of one section, and where in it header and footer are.
struct SectionFile {
  let path: String
  private let size: Int64
  private let front: [UInt8]
  private let end: [UInt8]

  init(_ path: String) throws {
    self.path = path
    size = SafetyDirectory.size(of: path) ?? 0
    front = try Self.read(path, 0, Int(min(size, Int64(DumpSection.headerLimit))))
    let endBytes = min(size, Int64(DumpSection.footerLimit))
    end = try Self.read(path, size - endBytes, Int(endBytes))
  }

  private static func read(_ path: String, _ offset: Int64, _ count: Int) throws -> [UInt8] {
    var source = try FileSource(path: path, offset: offset)
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: max(count, 1))
    while bytes.count < count {
      let read = try unsafe buffer.withUnsafeMutableBytes { try unsafe source.read(into: $0) }
      guard read > 0 else { break }
      bytes += buffer[..<min(read, count - bytes.count)]
    }
    return bytes
  }

  /// Everything up to the footer.
  func withHeader() throws -> Range<Int64> { 0..<(try footerStart()) }

  /// From the settings up to the footer: without the banner and `\restrict`.
  func withoutBanner() throws -> Range<Int64> {
    guard let start = DumpSection.settingsStart(in: front[...]) else { throw strange("header") }
    return Int64(start)..<(try footerStart())
  }

  func footer() throws -> Range<Int64> { try footerStart()..<size }

  private func footerStart() throws -> Int64 {
    guard let start = DumpSection.footerStart(in: end[...]) else { throw strange("end") }
    return size - Int64(end.count) + Int64(start)
  }

  private func strange(_ part: String) -> RecoverError {
    RecoverError(.bug, "pg_restore wrote a section whose \(part) is unknown: \(path)")
  }
}
