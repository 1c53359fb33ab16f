internal import PostgresKit
internal import RecoverBase
internal import RecoverRepository
internal import RecoverTestSupport
internal import Testing

@testable internal import RecoverSteps

/// Of a backup of ours only the members are read that the chosen tables need.
struct ExcerptFinderTests {
  private func withBackup(_ body: (inout WrittenBackup) throws -> Void) throws {
    let made = String(decoding: try TestProcess.output(["mktemp", "-d"]), as: UTF8.self)
    let directory = made.split(separator: "\n").joined()
    defer { _ = try? TestProcess.run(["rm", "-rf", directory]) }
    var backup = try WrittenBackup(in: directory)
    try body(&backup)
  }

  private func find(_ backup: WrittenBackup, _ tables: [String]) throws -> ExcerptFinder.Found? {
    let finder = try #require(try ExcerptFinder(try BackupFile(path: backup.dump), Interruption()))
    return try finder.find { _, _, _ in Set(tables.map { SQLName(schema: "public", $0) }) }
  }

  /// The excerpt's text from an offset on, and the index of it.
  private func read(_ backup: WrittenBackup, _ found: ExcerptFinder.Found, at offset: Int64 = 0) throws -> String {
    var file = try BackupFile(path: backup.dump)
    file.excerpt = found.excerpt
    var source = try BackupSource(file, offset: offset)
    var (text, buffer) = ([UInt8](), [UInt8](repeating: 0, count: 64))
    while true {
      let count = try unsafe buffer.withUnsafeMutableBytes { try unsafe source.read(into: $0) }
      guard count > 0 else { return String(decoding: text, as: UTF8.self) }
      text += buffer[..<count]
    }
  }

  private func index(_ backup: WrittenBackup, _ found: ExcerptFinder.Found) throws -> DumpIndex {
    var file = try BackupFile(path: backup.dump)
    file.excerpt = found.excerpt
    return try DumpIndexFile.make(try file.reference(), of: file, in: nil, interruption: Interruption()).file.index
  }

  @Test("it is the schema and the chosen rows, from every byte on, and each line is known in the whole")
  func content() throws {
    try withBackup { backup in
      let found = try #require(try find(backup, ["a"]))
      let lines = WrittenBackup.text.split(separator: "\n", omittingEmptySubsequences: false)
      let text = try read(backup, found)
      #expect(text.contains("COPY public.a") && !text.contains("COPY public.b") && !text.contains("lo_create"))
      #expect(text.hasPrefix(WrittenBackup.front) && text.hasSuffix(WrittenBackup.end))
      #expect(found.report.members == 4 && found.report.ofMembers == 7)
      let bytes = Array(text.utf8)
      for offset in 0...bytes.count {
        let rest = String(decoding: bytes[offset...], as: UTF8.self)
        #expect(try read(backup, found, at: Int64(offset)) == rest)
      }
      let whole = Array(WrittenBackup.text.utf8)
      var offset = 0
      for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().dropLast() {
        let place = found.excerpt.places.original(line: Int64(number + 1), offset: Int64(offset))
        #expect(lines[Int(place.line) - 1] == line)
        #expect(whole[Int(place.offset)...].starts(with: line.utf8))
        offset += line.utf8.count + 1
      }
      try found.check(try index(backup, found))
    }
  }

  @Test("no table at all leaves the schema, and an index of before lines were counted has everything read")
  func bounds() throws {
    try withBackup { backup in
      let found = try #require(try find(backup, []))
      #expect(try read(backup, found) == WrittenBackup.front + WrittenBackup.end)
      var entries = try backup.entries
      entries[3].lines = nil
      try backup.lie(entries)
      #expect(try find(backup, ["a"]) == nil)
    }
  }

  @Test("a change in what is needed is refused and named, one in the rest is not looked for", arguments: [0, 1, 4, 6])
  func damage(member: Int) throws {
    try withBackup { backup in
      try backup.damage(member: member)
      let table = member == 1 ? "a" : "b"
      let error = #expect(throws: RecoverError.self) { try find(backup, [table]) }
      #expect(error?.code == .backupRefused && error?.message.contains("member \(member + 1), bytes ") == true)
      if member == 1 || member == 4 { #expect(try find(backup, [table == "a" ? "b" : "a"]) != nil) }
    }
  }

  @Test("an index that says of the wrong members where a table's rows are is refused, though it adds up")
  func lies() throws {
    try withBackup { backup in
      var entries = try backup.entries
      entries[1].chunks[0].table = 1
      try backup.lie(entries)
      let error = #expect(throws: RecoverError.self) { try find(backup, ["a"]) }
      #expect(error?.code == .backupRefused && error?.message.contains("do not add up") == true)
      entries[1].chunks[0].table = 0
      // As many rows, and as long: all sums are what the manifest says.
      (entries[4].chunks, entries[5].chunks) = (entries[5].chunks, entries[4].chunks)
      try backup.lie(entries)
      let found = try #require(try find(backup, ["a"]))
      let lie = #expect(throws: RecoverError.self) { try found.check(try index(backup, found)) }
      #expect(lie?.code == .backupRefused && lie?.message.contains("lies: where it says that") == true)
    }
  }

  @Test("a dump that was cut off or added to is refused, wherever that is")
  func size() throws {
    try withBackup { backup in
      try TestProcess.output(["sh", "-c", "printf x >> \"$0\"", backup.dump])
      #expect(throws: RecoverError.self) { try find(backup, ["a"]) }
      try TestProcess.output(["truncate", "-s", "-20", backup.dump])
      let error = #expect(throws: RecoverError.self) { try find(backup, ["a"]) }
      #expect(error?.code == .backupRefused && error?.message.contains("was written with") == true)
    }
  }
}
