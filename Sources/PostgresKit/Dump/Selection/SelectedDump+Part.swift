internal import RecoverBase

/// The part of a dump that a selection keeps, as a plain dump: which bytes of the whole it is, and what is in it.
///
/// Its offsets and lines are those of the part. Made from the index and the survey of the whole, without reading the
/// dump again.
package struct DumpPart: Sendable {
  /// The bytes of the whole, in their order; none touches the next.
  package var ranges: [Range<Int64>]
  /// The digest of an index of a part tells the dump and the selection; nobody has to read the part for it.
  package var index: DumpIndex
  package var survey: DumpSurvey
}

extension SelectedDump {
  /// Where the part's lines and bytes stand in the whole.
  ///
  /// - Parameter part: of the part, as ``index(from:)`` gives it.
  package func places(of part: DumpIndex, in whole: DumpIndex) -> DumpPlaces {
    DumpPlaces(part.entries, in: entries.lazy.map { whole.entries[$0] })
  }
}

extension SelectedDump {
  /// - Parameters:
  ///   - index: of the whole, that the selection was made in.
  ///   - survey: of the whole.
  ///   - read: as for ``DumpSelection/select(in:database:named:read:)``; called once.
  package func part(of index: DumpIndex, survey: DumpSurvey, read: (DumpEntry) throws -> SQLText) throws -> DumpPart {
    let shifted = self.index(from: index)
    return DumpPart(
      ranges: ranges(in: index), index: shifted, survey: try self.survey(shifted, of: index, whole: survey, read))
  }

  /// The bytes of the whole that are kept.
  package func ranges(in index: DumpIndex) -> [Range<Int64>] {
    var ranges: [Range<Int64>] = []
    for number in entries {
      let entry = index.entries[number]
      if let last = ranges.last, last.upperBound == entry.offset {
        ranges[ranges.count - 1] = last.lowerBound..<entry.endOffset
      } else {
        ranges.append(entry.offset..<entry.endOffset)
      }
    }
    return ranges
  }

  /// The index of the part.
  package func index(from whole: DumpIndex) -> DumpIndex {
    var part = whole
    part.entries = []
    part.entries.reserveCapacity(entries.count)
    var (offset, line) = (Int64(0), Int64(1))
    for number in entries {
      let entry = whole.entries[number]
      part.entries.append(entry.moved(byBytes: offset - entry.offset, byLines: line - entry.line))
      offset += entry.byteCount
      // How many lines the last one has is of no interest: nothing follows.
      if number + 1 < whole.entries.count { line += whole.entries[number + 1].line - entry.line }
    }
    part.byteCount = offset
    part.digest = digest(of: whole)
    return part
  }

  /// Of the whole, and of which bytes are kept.
  private func digest(of whole: DumpIndex) -> Digest {
    let ranges = ranges(in: whole).map { "\($0.lowerBound)-\($0.upperBound)" }.joined(separator: "\n")
    return Digest(of: Array("recover selection 1\n\(whole.digest.hex)\n\(ranges)\n".utf8))
  }
}

extension DumpEntry {
  /// The entry where other bytes and lines are before it.
  fileprivate func moved(byBytes bytes: Int64, byLines lines: Int64) -> DumpEntry {
    var entry = self
    entry.offset += bytes
    entry.line += lines
    guard case .copy(var block) = content else { return entry }
    block.copy.offset += bytes
    block.copy.line += lines
    block.dataOffset += bytes
    block.dataLine += lines
    for index in block.chunks.indices {
      block.chunks[index].offset += bytes
      block.chunks[index].line += lines
    }
    entry.content = .copy(block)
    return entry
  }
}

// MARK: The survey

extension SelectedDump {
  /// What the part holds; whether the dump is whole, and what it says of itself, is the whole's.
  private func survey(
    _ part: DumpIndex, of whole: DumpIndex, whole survey: DumpSurvey, _ read: (DumpEntry) throws -> SQLText
  ) throws -> DumpSurvey {
    var builder = SurveyBuilder(state: .start, limits: DumpSurvey.Limits())
    for (entry, number) in zip(part.entries, entries) {
      let piece = DumpPiece(
        kind: .statement(insertedRows: nil), offset: entry.offset, byteCount: Int(entry.byteCount), line: entry.line)
      switch entry.content {
      case .space, .unfinished, .largeObjects: break
      case .command(let command): builder.add(command, of: piece)
      case .copy(let block):
        builder.add(DumpStatement(.copyFromStdin(block.copy)), of: piece)
        builder.add(rows: Int(block.rows), bytes: Int(block.dataBytes), of: block.copy)
      case .inserts(let run): builder.add(run, byteCount: entry.byteCount)
      case .statement(_, let text):
        let text = try text ?? read(whole.entries[number])
        let statement = DumpStatement(text.bytes.span, syntax: part.states[entry.state].syntax)
        builder.add(statement, of: piece)
        if case .database(let change, let name) = statement.kind {
          try builder.add(change, of: name, statement: DumpDatabase.Statement(change, text, line: entry.line))
        }
      }
    }
    var end = DumpReaderState.start
    end.offset = part.byteCount
    var made = builder.finish(at: end)
    made.digest = part.digest
    made.completeness = survey.completeness
    made.origin = survey.origin
    made.segments[0].isGlobals = survey.segments.first?.isGlobals == true && made.segments[0].database == nil
    return made
  }
}
