internal import FoundationEssentials
internal import Glibc
package import RecoverBase
package import RecoverRepository

/// A backup in its directory.
package struct BackupDirectory: Sendable, Hashable {
  package let path: String

  package init(path: String) { self.path = path }

  package var manifestPath: String { "\(path)/\(BackupManifest.fileName)" }
  private var signaturePath: String { "\(manifestPath).sig" }
  private var verifiedPath: String { "\(path)/verified.json" }

  /// The directory of the backup that a path names: the directory itself, its manifest, or its dump; nil for any other
  /// file or directory.
  package static func containing(_ path: String) -> BackupDirectory? {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else { return nil }
    if status.st_mode & S_IFMT == S_IFDIR { return holding(path) }
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    guard let found = holding(parts.dropLast().joined(separator: "/")), let name = parts.last else { return nil }
    if name == BackupManifest.fileName { return found }
    // A manifest that can't be read still belongs to a dump with an index, so that nobody restores that unproved.
    guard let manifest = try? found.read().manifest else {
      return unsafe access("\(path).index", F_OK) == 0 ? found : nil
    }
    return manifest.dump.file == name ? found : nil
  }

  /// The dump that a path names: that of a backup's directory, or the path itself.
  ///
  /// - Throws: ``RecoverError`` `backupRefused` for a manifest that can't be read.
  package static func dump(at path: String) throws -> String {
    guard let directory = holding(path) else { return path }
    let dump = directory.dumpPath(try directory.read().manifest)
    guard unsafe access(dump, R_OK) == 0 else {
      throw RecoverError(
        .backupRefused, "the backup \(path) is not whole: its dump is not there, or can't be read: \(dump)",
        hint: "use another backup: recover backup list")
    }
    return dump
  }

  private static func holding(_ path: String) -> BackupDirectory? {
    let directory = BackupDirectory(path: path)
    return unsafe access(directory.manifestPath, F_OK) == 0 ? directory : nil
  }

  /// The manifest, and the digest of its bytes.
  ///
  /// - Throws: ``RecoverError`` `backupRefused` for what can't be understood.
  package func read() throws -> (manifest: BackupManifest, digest: Digest) {
    let bytes = try RunDirectory.read(manifestPath)
    return (try BackupManifest.read(bytes, path: manifestPath), Digest(of: bytes))
  }

  /// The manifest of a backup of any kind, and the digest of its bytes.
  ///
  /// - Throws: ``RecoverError`` `backupRefused` for what can't be understood.
  package func readAny() throws -> (manifest: AnyManifest, digest: Digest) {
    let bytes = try RunDirectory.read(manifestPath)
    return (try AnyManifest.read(bytes, path: manifestPath), Digest(of: bytes))
  }

  /// The path of the dump.
  package func dumpPath(_ manifest: BackupManifest) -> String { "\(path)/\(manifest.dump.file)" }

  /// Writes the manifest, and its signature, whole and synced.
  func keep(_ bytes: [UInt8], signedBy key: SigningKey?) throws {
    try RunDirectory.write(bytes, to: manifestPath)
    if let key { try RunDirectory.write(try key.signature(of: bytes), to: signaturePath) }
  }

  package var isSigned: Bool { unsafe access(signaturePath, F_OK) == 0 }

  /// Checks the manifest's signature.
  ///
  /// - Throws: ``RecoverError`` `backupRefused` when there is none, or it is not of this key and these bytes.
  package func checkSignature(_ key: VerifyingKey) throws {
    guard isSigned else {
      throw RecoverError(
        .backupRefused, "the backup \(path) is not signed",
        hint: "without --public-key, or with --public-key none, it is taken all the same")
    }
    guard key.isValid(try RunDirectory.read(signaturePath), for: try RunDirectory.read(manifestPath)) else {
      throw RecoverError(
        .backupRefused, "the signature of \(manifestPath) is not of this key, or the manifest was changed",
        hint: "use another backup, or the public key of whoever signed it")
    }
  }
}

extension BackupDirectory {
  /// That a restore was proved to hold what was backed up.
  package struct Verification: Sendable, Hashable, Codable {
    package var run: String
    package var at: WallTime
    /// Of the manifest that it was compared with.
    package var manifest: Digest

    package init(run: String, at: WallTime, manifest: Digest) {
      self.run = run
      self.at = at
      self.manifest = manifest
    }
  }

  /// The newest verification; nil where there is none, or the manifest is not the one that was verified.
  package func verification(of manifest: Digest) -> Verification? {
    guard let bytes = try? RunDirectory.read(verifiedPath),
      let verification = try? JSONValue.decode(Verification.self, from: bytes), verification.manifest == manifest
    else { return nil }
    return verification
  }

  /// Notes a verification; a repository that can't be written to keeps none, and nothing fails for that.
  ///
  /// - Returns: whether it was written.
  func note(_ verification: Verification) -> Bool {
    guard let bytes = try? JSONValue.canonicalBytes(of: verification) else { return false }
    return (try? RunDirectory.write(bytes, to: verifiedPath)) != nil
  }

  /// Removes the backup: its name first, so that half of one is never taken for one.
  package func remove() throws {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false)
    let leftover = (parts.dropLast() + ["\(BackupID.partialPrefix)\(parts.last ?? "")"]).joined(separator: "/")
    guard unsafe rename(path, leftover) == 0 else { throw RecoverError.system(.stepFailed, "can't remove \(path)") }
    do {
      try FileManager.default.removeItem(atPath: leftover)
    } catch {
      throw RecoverError(.stepFailed, "can't remove all of \(leftover)", underlying: error)
    }
  }
}
