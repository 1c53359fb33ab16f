package import ArchiveKit
package import RecoverBase
package import RecoverRepository

/// What a backup of a tree is made of and where it goes: everything resolved.
package struct FilesBackupRequest: Sendable {
  /// The name under which the repository keeps it.
  package var name: String
  /// The directory that is backed up, absolute.
  package var path: String
  /// The repository's directory, absolute.
  package var repository: String
  var options = PackOptions()
  /// The patterns of the command line, as they were written.
  package private(set) var exclusions: [String] = []
  /// How many threads compress.
  package var jobs: Int
  /// What this machine is called.
  package var host: String
  package var codec = GzipCodec.libdeflate
  /// From 1 to 9.
  package var level = 6
  package var signingKey: SigningKey?
  /// Of recover, for the manifest.
  package var toolVersion: String
  package var run: String
  /// Dies here when somebody wants that: the points are ``FilesBackup/crashPoints``.
  package var reach: @Sendable (String) -> Void = { _ in }

  package init(
    name: String, path: String, repository: String, jobs: Int, host: String, toolVersion: String, run: String
  ) {
    self.name = name
    self.path = path
    self.repository = repository
    self.jobs = jobs
    self.host = host
    self.toolVersion = toolVersion
    self.run = run
  }
}

/// A backup of a tree that was made.
package struct FinishedFilesBackup: Sendable {
  package var directory: String
  package var manifest: TreeManifest
  package var archiveFileBytes: Int64
  /// What is not, or not quite, in it, for people.
  package var notes: [String]
  package var duration: Duration
}

extension FilesBackupRequest {
  /// Leaves out what matches, with the patterns of gitignore(5), seen from the tree's root.
  ///
  /// - Throws: ``RecoverError`` `usage` for what is no pattern.
  package mutating func exclude(_ texts: [String]) throws {
    options.exclusions = try texts.map { text in
      guard let pattern = IgnorePattern(Array(text.utf8)) else {
        throw RecoverError(
          .usage, "--exclude \(ShellWord.quoted(text)) is no pattern", hint: "for instance '*.tmp', /cache or a/**/b")
      }
      return pattern
    }
    exclusions = texts
  }

  /// Whether what is below a CACHEDIR.TAG is left out.
  package var excludesCaches: Bool {
    get { options.excludesCaches }
    set { options.excludesCaches = newValue }
  }

  /// Whether files named `.recoverignore` are asked.
  package var readsIgnoreFiles: Bool {
    get { options.readsIgnoreFiles }
    set { options.readsIgnoreFiles = newValue }
  }

  /// Whether directories that are other file systems stay empty.
  package var staysOnFileSystem: Bool {
    get { options.staysOnFileSystem }
    set { options.staysOnFileSystem = newValue }
  }

  /// Whether what can't be read is left out and named.
  package var skipsUnreadable: Bool {
    get { options.skipsUnreadable }
    set { options.skipsUnreadable = newValue }
  }

  /// Whether files that always change are kept and named.
  package var keepsChanging: Bool {
    get { options.keepsChanging }
    set { options.keepsChanging = newValue }
  }

  /// Another codec than the fast one, for comparisons.
  ///
  /// - Throws: ``RecoverError`` `usage` for an unknown name.
  package mutating func chooseCodec(_ name: String) throws { codec = try .named(name) }
}
