internal import FoundationEssentials
internal import RecoverBase
package import RecoverRepository

/// The backups of a repository on disk.
package struct Repository: Sendable {
  package let layout: RepositoryLayout

  package init(root: String) { layout = RepositoryLayout(root: root) }

  /// Where the backups of one database or tree are.
  package struct Place: Sendable, Hashable {
    package var kind: BackupKind
    /// As that of a directory.
    package var name: String
  }

  /// A backup that was finished.
  package struct Entry: Sendable {
    package var place: Place
    package var id: BackupID
    package var directory: BackupDirectory
    /// Nil where the manifest can't be read.
    package var manifest: AnyManifest?
    package var verification: BackupDirectory.Verification?
    package var problem: String?
  }

  /// Where there are backups: of databases, then of trees, by name.
  ///
  /// - Parameter name: only those that have this name.
  package func places(named name: String? = nil) -> [Place] {
    let wanted = name.map { RepositoryLayout.fileName(of: $0) }
    return BackupKind.allCases.flatMap { kind in
      ((try? FileManager.default.contentsOfDirectory(atPath: layout.directory(of: kind))) ?? [])
        .filter { !$0.hasPrefix(".") && (wanted == nil || $0 == wanted) }.sorted().map { Place(kind: kind, name: $0) }
    }
  }

  private func directory(of place: Place) -> String { "\(layout.directory(of: place.kind))/\(place.name)" }

  /// The finished backups in one of these places, newest first.
  package func backups(in place: Place) -> [Entry] {
    let directory = directory(of: place)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return names.compactMap { BackupID($0) }.sorted(by: >).map { id in
      entry(place, id, BackupDirectory(path: "\(directory)/\(id)"))
    }
  }

  private func entry(_ place: Place, _ id: BackupID, _ directory: BackupDirectory) -> Entry {
    do {
      let (manifest, digest) = try directory.readAny()
      return Entry(
        place: place, id: id, directory: directory, manifest: manifest,
        verification: directory.verification(of: digest))
    } catch {
      return Entry(
        place: place, id: id, directory: directory, problem: (error as? RecoverError)?.message ?? "can't be read")
    }
  }

  /// What dead writers left, and what living ones are at.
  package func leftovers(in place: Place) -> Leftovers { Leftovers(directory: directory(of: place)) }
}
