package import RecoverBase

/// Somebody who knows what an archive has to hold, and is told what it does while all of it is read.
///
/// One thread at a time uses it.
package protocol ArchiveCheck: AnyObject {
  /// Whose archive it is to be, for people.
  var expectation: String { get }
  /// The digest of what says so.
  var digest: Digest { get }

  /// Takes a member that was read, with the digest of its data.
  ///
  /// - Throws: ``RecoverError`` `backupRefused` for what is not as it should be.
  func take(_ member: TarMember, _ digest: Digest?) throws

  /// After the last member.
  func finish(_ survey: TarSurvey) throws
}
