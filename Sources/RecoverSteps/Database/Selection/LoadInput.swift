internal import PostgresKit
internal import RecoverBase

/// What a load reads: a backup, or the part of it that was selected, and what is known of where things stand in it.
struct LoadInput: Sendable {
  private let file: BackupFile
  /// Of the whole backup.
  private let map: DumpIndexFile?
  private var part: Part?

  private struct Part: Sendable {
    var ranges: [Range<Int64>]
    var index: DumpIndex
    var places: DumpPlaces
  }

  /// - Parameters:
  ///   - report: of the inspection.
  ///   - directory: the run's, where the inspection left its index.
  /// - Throws: what making the index again throws, where it is needed and gone.
  init(
    _ bindings: DatabaseBindings, _ report: InspectReport, _ file: BackupFile, keptIn directory: String,
    _ tuning: LoadTuning, _ interruption: Interruption
  ) throws {
    self.file = file
    let (backup, whole) = (bindings.backup, report.selection?.sha256 ?? report.sha256)
    // Several connections need it, and without it nobody knows where selected tables are.
    guard tuning.jobs > 1 || bindings.selection != nil else {
      map = DumpIndexFile.load(backup, digest: whole, in: directory)
      return
    }
    let found = try DumpIndexFile.loadOrMake(backup, of: file, digest: whole, in: directory, interruption: interruption)
    map = found
    part = try SelectionFile.selected(bindings, report, in: found, of: file, keptIn: directory, interruption).map {
      Part(
        ranges: $0.selected.ranges(in: found.index), index: $0.index,
        places: $0.selected.places(of: $0.index, in: found.index))
    }
  }

  /// Where the lines of what is loaded stand in the backup.
  var places: DumpPlaces {
    let places = part?.places ?? DumpPlaces()
    return file.excerpt.map { places.within($0.places) } ?? places
  }

  /// The index, where the backup can be read from any of its places without most of what comes before.
  var index: LoadPlaces {
    guard let map else { return .unknown("its index is not there") }
    let places = LoadPlaces(file, map)
    if case .known = places, let part { return .known(part.index) }
    return places
  }

  /// What is loaded, from one of its bytes on.
  func source(at offset: Int64, _ interruption: Interruption) throws -> DumpSource {
    try DumpSource(file, ranges: part?.ranges, offset: offset, access: map?.access, interruption)
  }
}
