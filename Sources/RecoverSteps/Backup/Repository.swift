internal import FoundationEssentials
internal import RecoverBase
package import RecoverRepository

/// The backups of a repository on disk.
package struct Repository: Sendable {
  package let layout: RepositoryLayout

  package init(root: String) { layout = RepositoryLayout(root: root) }

  /// A backup that was finished.
  package struct Entry: Sendable {
    /// The name of its directory's parent.
    package var name: String
    package var id: BackupID
    package var directory: BackupDirectory
    /// Nil where the manifest can't be read.
    package var manifest: BackupManifest?
    package var verification: BackupDirectory.Verification?
    package var problem: String?
  }

  /// The names under which there are backups, as those of their directories.
  package func directoryNames() -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: layout.databases)) ?? []).filter { !$0.hasPrefix(".") }
      .sorted()
  }

  /// The finished backups in one of these directories, newest first.
  package func backups(in name: String) -> [Entry] {
    let directory = "\(layout.databases)/\(name)"
    let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
    return names.compactMap { BackupID($0) }.sorted(by: >).map { id in
      entry(name, id, BackupDirectory(path: "\(directory)/\(id)"))
    }
  }

  private func entry(_ name: String, _ id: BackupID, _ directory: BackupDirectory) -> Entry {
    do {
      let (manifest, digest) = try directory.read()
      return Entry(
        name: name, id: id, directory: directory, manifest: manifest,
        verification: directory.verification(of: digest))
    } catch {
      return Entry(
        name: name, id: id, directory: directory, problem: (error as? RecoverError)?.message ?? "can't be read")
    }
  }

  /// What dead writers left, and what living ones are at.
  package func leftovers(in name: String) -> Leftovers { Leftovers(directory: "\(layout.databases)/\(name)") }
}
