internal import RecoverBase

/// A stream of bytes that becomes gzip members, in memory that does not grow with it.
///
/// A part of it can be taken back, as long as its beginning was marked.
package struct MemberStream: ~Copyable {
  /// How much content a member has; the last one may have less.
  package static let memberBytes = 1 << 20

  private let pipeline: MemberPipeline
  private var content: [UInt8]
  private var used = 0
  private var number = 0
  private var first: (name: [UInt8], offset: Int)?
  private var marked: Mark?

  private struct Mark {
    var number: Int
    var used: Int
    var first: (name: [UInt8], offset: Int)?
    /// What stood before the mark in its member, once that was handed over.
    var front: [UInt8]?
  }

  /// Runs `body` with a stream whose members are compressed by several threads and given to a sink.
  ///
  /// Blocking. When it returns, the sink has all of them.
  package static func writing<Value>(
    to sink: any MemberSink, _ codec: GzipCodec, level: Int, threads: Int, _ body: (inout MemberStream) throws -> Value
  ) throws -> Value {
    let pipeline = MemberPipeline(sink, threads: threads)
    // Made here, where an error still has somebody to go to.
    let compressors = try (0..<threads).map { _ in Compressor(try codec.makeCompressor(level: level)) }
    return try BlockingThread.crew("recover-deflate", count: threads) { number in
      pipeline.work(compressors[number].value)
    } lead: {
      defer { pipeline.close() }
      var stream = MemberStream(pipeline)
      let value = try body(&stream)
      try stream.finish()
      return value
    }
  }

  private init(_ pipeline: MemberPipeline) {
    self.pipeline = pipeline
    content = [UInt8](repeating: 0, count: Self.memberBytes)
  }

  /// Where the next byte stands in the stream.
  package var offset: Int64 { Int64(number) * Int64(Self.memberBytes) + Int64(used) }

  package mutating func append(_ bytes: [UInt8]) throws {
    var start = 0
    while start < bytes.count {
      start += try unsafe fill { room in
        let count = min(room.count, bytes.count - start)
        unsafe bytes.withUnsafeBytes { source in
          unsafe room.copyMemory(from: UnsafeRawBufferPointer(rebasing: source[start..<start + count]))
        }
        return count
      }
    }
  }

  package mutating func appendZeros(_ count: Int64) throws {
    var left = count
    while left > 0 {
      left -= Int64(
        try unsafe fill { room in
          let part = Int(min(Int64(room.count), left))
          unsafe UnsafeMutableRawBufferPointer(rebasing: room[..<part]).initializeMemory(as: UInt8.self, repeating: 0)
          return part
        })
    }
  }

  /// Lends the room that is left in the current member, at least a byte of it.
  ///
  /// - Parameter body: returns how many bytes it wrote to the front.
  package mutating func fill(_ body: (UnsafeMutableRawBufferPointer) throws -> Int) throws -> Int {
    if used == Self.memberBytes { try submit() }
    let count = try unsafe content.withUnsafeMutableBytes { bytes in
      try unsafe body(UnsafeMutableRawBufferPointer(rebasing: bytes[used...]))
    }
    used += count
    return count
  }

  /// Notes that something begins here that a reader may look for.
  package mutating func note(_ name: [UInt8]) {
    if used == Self.memberBytes || first != nil { return }
    first = (name, used)
  }

  // MARK: Taking back

  /// Marks this place; an earlier mark is forgotten.
  package mutating func mark() throws {
    if used == Self.memberBytes { try submit() }
    // Only a place in a member that was handed over needs the pipeline.
    if let marked, marked.number < number { pipeline.mark(nil) }
    marked = Mark(number: number, used: used, first: first)
  }

  /// Takes back all that was written since the mark.
  package mutating func rewind() throws {
    guard let mark = marked else { preconditionFailure("nothing was marked") }
    if let front = mark.front {
      try pipeline.rewind(submitted: number)
      content.replaceSubrange(..<front.count, with: front)
    }
    (number, used, first) = (mark.number, mark.used, mark.first)
    marked = Mark(number: number, used: used, first: first)
  }

  private mutating func submit() throws {
    if marked?.number == number, marked?.front == nil {
      let front = marked?.used ?? 0
      marked?.front = Array(content[..<front])
      pipeline.mark(number)
    }
    content = try pipeline.submit(number, content, count: used, first: first)
    (number, used, first) = (number + 1, 0, nil)
  }

  private mutating func finish() throws {
    if used > 0 { try submit() }
    try pipeline.drain(number)
  }

  /// A compressor on its way to the only thread that uses it.
  private struct Compressor: @unchecked Sendable {
    // Unchecked: made by one thread, then used by one other.
    let value: any MemberCompressor
    init(_ value: any MemberCompressor) { self.value = value }
  }
}
