internal import PostgresKit
internal import RecoverBase

/// Refuses a selection that matches nothing before a run is made of it.
package enum SelectionCheck {
  /// A larger backup is not read to its end for that: the run's inspection does, and refuses.
  private static let readBytes: Int64 = 256 << 20

  /// Reads the schema of a backup of ours, and the front of any other; where a pattern matches nothing there, a backup
  /// that is not large as a whole.
  ///
  /// - Throws: ``RecoverError`` `usage` with the nearest name, and what reading the backup throws.
  package static func perform(_ request: DatabaseRequest) async throws {
    guard let selection = request.selection ?? request.exchange?.selection else { return }
    let isInto = request.exchange == nil
    let option = request.exchange?.rows == nil ? "--table" : "--rows-into"
    let (backup, segment) = (request.backup, request.segment)
    try await BlockingThread.run("recover-look") { interruption in
      let file = try BackupFile(path: backup.path)
      // Of a backup of ours nothing but the schema has to be read, and a damage behind that may be of no interest.
      if let finder = try ExcerptFinder(file, interruption), try finder.checkNames(request) { return }
      var reader = DumpReader(try BackupSource(file, interruption), named: backup.path)
      let front = try DumpFront(reading: &reader, interruption: interruption)
      if front.answers(selection, tablesOnly: !isInto) { return }
      guard backup.sizeBytes <= readBytes else { return }
      let (survey, index) = try DumpIndexFile.make(backup, of: file, in: nil, interruption: interruption) { _ in }
      if isInto {
        let choice = try DumpChoice(survey, path: backup.path, segment: segment, name: segment)
        _ = try RestoredDump.Part(selection, of: survey, index, database: choice.database, in: file, interruption)
      } else {
        _ = try selection.tables(in: index.index, database: segment, dump: backup.path, option: option)
      }
    }
  }
}
