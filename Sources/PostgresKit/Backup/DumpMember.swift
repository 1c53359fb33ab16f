package import RecoverBase

/// Takes pieces of a dump that can be compressed and found apart from one another.
package protocol DumpMemberSink: AnyObject {
  /// - Parameters:
  ///   - content: whole statements.
  ///   - parts: the blocks of rows in it, in order.
  func write(_ content: Span<UInt8>, _ parts: [DumpMemberPart]) throws
}

/// A COPY block inside of a member.
package struct DumpMemberPart: Sendable, Hashable {
  /// The index of the relation in the snapshot.
  package var table: Int
  /// Where the first row begins in the member's content, and the bytes of all rows.
  package var offset: Int
  package var byteCount: Int
  package var content: ContentSum
}

/// Gathers rows into members: COPY blocks with their statements.
final class MemberBuilder: RowConsumer {
  private let sink: any DumpMemberSink
  private let memberBytes: Int
  private var content: [UInt8] = []
  private var parts: [DumpMemberPart] = []
  private var task: (table: Int, relation: DumpRelation)?
  /// Where the rows of the open block begin; nil between blocks.
  private var blockStart: Int?
  private var sum = ContentSum()
  private static let blockEnd = Array("\\.\n\n\n".utf8)

  init(_ sink: any DumpMemberSink, memberBytes: Int) {
    self.sink = sink
    self.memberBytes = memberBytes
    content.reserveCapacity(memberBytes + memberBytes / 8)
  }

  func begin(_ task: TableTask, of relation: DumpRelation) throws {
    // A large table shares no member, so that finding it inflates nothing else.
    if relation.totalBytes > memberBytes / 4 { try flush() }
    self.task = (task.table, relation)
    openBlock()
  }

  private func openBlock() {
    guard let task else { return }
    content += task.relation.text.comment
    content += task.relation.copyIn
    blockStart = content.count
    sum = ContentSum()
  }

  func take(_ row: Span<UInt8>) throws {
    if blockStart == nil { openBlock() }
    unsafe row.withUnsafeBufferPointer { unsafe content.append(contentsOf: $0) }
    sum.add(row: row)
    if content.count >= memberBytes {
      closeBlock()
      try flush()
    }
  }

  func end() throws {
    closeBlock()
    if let task, task.relation.totalBytes > memberBytes / 4 { try flush() }
    task = nil
  }

  private func closeBlock() {
    guard let start = blockStart, let task else { return }
    parts.append(
      DumpMemberPart(table: task.table, offset: start, byteCount: content.count - start, content: sum))
    content += Self.blockEnd
    blockStart = nil
  }

  func finish() throws { try flush() }

  private func flush() throws {
    guard !content.isEmpty else { return }
    // Taken out for the time: a span can't be lent of a part of an object.
    var bytes: [UInt8] = []
    swap(&bytes, &content)
    try sink.write(bytes.span, parts)
    bytes.removeAll(keepingCapacity: true)
    swap(&bytes, &content)
    parts.removeAll(keepingCapacity: true)
  }
}
