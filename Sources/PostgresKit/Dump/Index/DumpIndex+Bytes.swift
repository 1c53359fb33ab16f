package import RecoverBase

/// The form in which an index is kept: every byte of the dump's texts, and a few bytes an entry.
///
/// The form is not checked against damage; whoever keeps it does that.
extension DumpIndex {
  package func write(to writer: inout ByteWriter) {
    writer.put(digest.hex)
    writer.put(byteCount)
    writer.put(chunkBytes)
    writer.put(refusal) { $0.put($1) }
    writer.put(states) { $1.write(to: &$0) }
    // Entries tile the dump, so their places follow from their sizes.
    writer.put(entries.first?.offset ?? 0)
    writer.put(entries) { $1.write(to: &$0) }
  }

  /// - Throws: ``ByteReader/Damaged`` for bytes that are no index.
  package init(from reader: inout ByteReader) throws {
    guard let digest = Digest(hex: try reader.text()) else { throw ByteReader.Damaged() }
    self.digest = digest
    byteCount = try reader.number()
    chunkBytes = try reader.int()
    refusal = try reader.optional { try $0.text() }
    states = try reader.array { try DumpIndexState(from: &$0) }
    var offset = try reader.number()
    entries = try reader.array { reader in
      let entry = try DumpEntry(from: &reader, offset: offset)
      offset = entry.endOffset
      return entry
    }
    guard entries.allSatisfy({ states.indices.contains($0.state) }) else { throw ByteReader.Damaged() }
  }
}

extension DumpIndexState {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.put(standardConformingStrings ? 1 : 0)
    writer.put(clientEncoding) { $0.put($1) }
    writer.put(restrictKey) { $0.put($1) }
    writer.put(database) { $0.put($1) }
    writer.put(session.changes) { writer, change in
      writer.put(change.key)
      writer.put(change.statement.bytes)
    }
  }

  fileprivate init(from reader: inout ByteReader) throws {
    standardConformingStrings = try reader.number() == 1
    clientEncoding = try reader.optional { try $0.text() }
    restrictKey = try reader.optional { try $0.text() }
    database = try reader.optional { try $0.text() }
    session = SessionState(
      changes: try reader.array { reader in
        SessionState.Change(key: try reader.text(), statement: SQLText(try reader.content()))
      })
  }
}

// MARK: Entries

extension DumpEntry {
  /// What stands in front of an entry's content; kept files depend on the numbers.
  private enum Tag: Int {
    case space = 0
    case statement, command, copy, inserts, largeObjects, unfinished
  }

  fileprivate func write(to writer: inout ByteWriter) {
    writer.put(line)
    writer.put(byteCount)
    writer.put(state)
    writer.put(tag.rawValue)
    switch content {
    case .space, .unfinished: break
    case .statement(let byteCount, let text):
      writer.put(byteCount)
      writer.put(text) { $0.put($1.bytes) }
    case .command(let command): command.write(to: &writer)
    case .copy(let block): block.write(to: &writer)
    case .inserts(let run):
      run.table.write(to: &writer)
      writer.put(run.columns) { $0.put($1) { $0.put($1) } }
      writer.put(run.statements)
      writer.put(run.rows)
    case .largeObjects(let run):
      writer.put(run.kind.rawValue)
      writer.put(run.statements)
    }
  }

  private var tag: Tag {
    switch content {
    case .space: .space
    case .statement: .statement
    case .command: .command
    case .copy: .copy
    case .inserts: .inserts
    case .largeObjects: .largeObjects
    case .unfinished: .unfinished
    }
  }

  fileprivate init(from reader: inout ByteReader, offset: Int64) throws {
    self.offset = offset
    line = try reader.number()
    byteCount = try reader.number()
    state = try reader.int()
    guard byteCount >= 0, !offset.addingReportingOverflow(byteCount).overflow else { throw ByteReader.Damaged() }
    switch Tag(rawValue: try reader.int()) {
    case .space: content = .space
    case .unfinished: content = .unfinished
    case .statement:
      content = .statement(byteCount: try reader.int(), text: try reader.optional { SQLText(try $0.content()) })
    case .command: content = .command(try DumpMetaCommand(from: &reader))
    case .copy: content = .copy(try DumpCopyBlock(from: &reader))
    case .inserts:
      content = .inserts(
        DumpInsertRun(
          table: try SQLName(from: &reader), columns: try reader.optional { try $0.array { try $0.text() } },
          statements: try reader.number(), rows: try reader.number()))
    case .largeObjects:
      guard let kind = DumpLargeObjectRun.Kind(rawValue: try reader.text()) else { throw ByteReader.Damaged() }
      content = .largeObjects(DumpLargeObjectRun(kind: kind, statements: try reader.number()))
    case nil: throw ByteReader.Damaged()
    }
  }
}

extension DumpMetaCommand {
  fileprivate func write(to writer: inout ByteWriter) {
    let (tag, text): (Int, String?) =
      switch self {
      case .restrict(let key): (0, key)
      case .unrestrict(let key): (1, key)
      case .connect(let database): (2, database)
      case .encoding(let name): (3, name)
      }
    writer.put(tag)
    writer.put(text) { $0.put($1) }
  }

  fileprivate init(from reader: inout ByteReader) throws {
    let tag = try reader.int()
    switch (tag, try reader.optional { try $0.text() }) {
    case (0, let key?): self = .restrict(key: key)
    case (1, let key?): self = .unrestrict(key: key)
    case (2, let database): self = .connect(database: database)
    case (3, let name?): self = .encoding(name)
    default: throw ByteReader.Damaged()
    }
  }
}

extension SQLName {
  fileprivate func write(to writer: inout ByteWriter) {
    writer.put(schema) { $0.put($1) }
    writer.put(name)
  }

  fileprivate init(from reader: inout ByteReader) throws {
    self.init(schema: try reader.optional { try $0.text() }, try reader.text())
  }
}

// MARK: COPY

extension DumpCopyBlock {
  fileprivate func write(to writer: inout ByteWriter) {
    copy.table.write(to: &writer)
    writer.put(copy.columns) { $0.put($1) { $0.put($1) } }
    writer.put(copy.format.rawValue)
    writer.put(copy.statement.bytes)
    writer.put(copy.offset)
    writer.put(copy.line)
    writer.put(dataOffset)
    writer.put(dataLine)
    writer.put(endBytes)
    // Chunks tile the data.
    writer.put(chunks) { writer, chunk in
      writer.put(chunk.line)
      writer.put(chunk.byteCount)
      writer.put(chunk.rows)
    }
  }

  fileprivate init(from reader: inout ByteReader) throws {
    let table = try SQLName(from: &reader)
    let columns = try reader.optional { try $0.array { try $0.text() } }
    guard let format = DumpCopy.Format(rawValue: try reader.text()) else { throw ByteReader.Damaged() }
    copy = DumpCopy(
      table: table, columns: columns, format: format, statement: SQLText(try reader.content()),
      offset: try reader.number(), line: try reader.number())
    dataOffset = try reader.number()
    dataLine = try reader.number()
    endBytes = try reader.int()
    var (bytes, rows, start) = (Int64(0), Int64(0), dataOffset)
    chunks = try reader.array { reader in
      let chunk = Chunk(
        offset: start, line: try reader.number(), byteCount: try reader.number(), rows: try reader.number(),
        rowsBefore: rows)
      (bytes, rows, start) = (bytes &+ chunk.byteCount, rows &+ chunk.rows, start &+ chunk.byteCount)
      return chunk
    }
    (dataBytes, self.rows) = (bytes, rows)
  }
}
