internal import Glibc
package import RecoverBase
internal import Synchronization

/// An archive of pg_dump as the plain dump that pg_restore makes of it, byte for byte the same on each reading.
///
/// Read piece by piece, so that reading can begin near any offset, and so that several readers can read different tables
/// at once. Where the pieces begin is known once they were read for the first time.
package final class ArchiveDump: Sendable {
  package let path: String
  package let form: ArchiveForm
  private let grain: ArchiveCuts.Grain
  private let lookedUp = Mutex<ArchiveLayout?>(nil)
  private let map = Mutex<ArchiveMap?>(nil)
  private let parked = Mutex<[ArchiveStream]>([])

  /// How many children wait, at most, for a reader that goes on where another one stopped.
  ///
  /// As many as there may be connections that load.
  private static let parkedLimit = 64

  init(path: String, form: ArchiveForm, grain: ArchiveCuts.Grain = ArchiveCuts.Grain()) {
    self.path = path
    self.form = form
    self.grain = grain
  }

  /// The archive's layout, made once.
  func layout(_ interruption: Interruption?) throws -> ArchiveLayout {
    try lookedUp.withLock { known in
      if let known { return known }
      let layout = try ArchiveLayout(path, form: form, grain: grain, interruption)
      known = layout
      return layout
    }
  }

  /// The version of the pg_restore that reads it, for people.
  ///
  /// - Throws: ``RecoverError`` `backupRefused` for an archive that can't be read.
  package func programText(_ interruption: Interruption?) throws -> String {
    try layout(interruption).program.text
  }

  /// A source whose next byte is the one at an offset of the plain dump.
  package func open(at offset: Int64, _ interruption: Interruption? = nil) throws -> ArchiveSource {
    let layout = try layout(interruption)
    let ends = map.withLock { $0?.ends ?? [] }
    let front = Int64(layout.front.count)
    guard offset >= front else { return try ArchiveSource(self, layout, .front(Int(offset)), at: offset, interruption) }
    let piece = ends.firstIndex { offset < $0 } ?? ends.count
    let base = piece == 0 ? front : ends[piece - 1]
    var source: ArchiveSource
    if let stream = takeParked(piece, before: offset) {
      source = try ArchiveSource(self, layout, .piece(piece, stream), at: stream.base + stream.position, interruption)
    } else {
      source = try ArchiveSource(self, layout, .piece(piece, nil), at: base, interruption)
    }
    try source.skip(to: offset)
    return source
  }

  /// A child that stands at or before an offset of its piece, the nearest there is.
  private func takeParked(_ piece: Int, before offset: Int64) -> ArchiveStream? {
    parked.withLock { streams in
      let fitting = streams.indices.filter {
        streams[$0].piece == piece && streams[$0].base + streams[$0].position <= offset
      }
      return fitting.max { streams[$0].position < streams[$1].position }.map { streams.remove(at: $0) }
    }
  }

  /// Keeps a child for a reader that goes on where this one stopped.
  func park(_ stream: ArchiveStream) {
    parked.withLock { streams in
      streams.append(stream)
      if streams.count > Self.parkedLimit { streams.removeFirst() }
    }
  }

  /// Notes where a piece ended.
  ///
  /// - Throws: ``RecoverError`` `drifted` when it ended elsewhere before.
  func note(end: Int64, of piece: Int, _ layout: ArchiveLayout) throws {
    try map.withLock { map in
      var known = map ?? ArchiveMap(layout)
      if piece == known.ends.count {
        known.ends.append(end)
      } else if piece < known.ends.count, known.ends[piece] != end {
        throw RecoverError(
          .drifted, "\(path) was changed while it was read", hint: "look at what writes to it, and plan again")
      }
      map = known
    }
  }
}

extension ArchiveDump {
  private static func mapPath(in directory: String) -> String { "\(directory)/archive-map.json" }

  /// Keeps in a run's directory where the pieces begin, so that a resumed run need not read what stands before.
  package func keepMap(in directory: String) throws {
    guard let map = map.withLock({ $0 }) else { return }
    try RunDirectory.make(directory)
    try RunDirectory.write(try JSONValue.canonicalBytes(of: map), to: Self.mapPath(in: directory))
  }

  /// Takes what was kept there, if that is of this archive and this pg_restore.
  ///
  /// - Returns: whether it was: if not, nobody can say that the dump has the same bytes as when it was kept.
  package func takeMap(from directory: String, _ interruption: Interruption? = nil) throws -> Bool {
    guard let bytes = try? RunDirectory.read(Self.mapPath(in: directory)),
      let kept = try? JSONValue.decode(ArchiveMap.self, from: bytes),
      kept.fits(ArchiveMap(try layout(interruption)))
    else { return false }
    map.withLock { $0 = kept }
    return true
  }
}
