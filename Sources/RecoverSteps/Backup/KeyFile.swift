internal import Glibc
package import RecoverBase

/// Reads keys from files.
package enum KeyFile {
  /// A key that signs.
  ///
  /// - Throws: ``RecoverError`` `missingRequirement` for one that others can read.
  package static func signing(_ path: String) throws -> SigningKey {
    var status = stat()
    guard unsafe stat(path, &status) == 0 else {
      throw RecoverError.system(
        .unreachable, "can't read the key \(path)", hint: "make one with: openssl genpkey -algorithm ed25519 -out KEY")
    }
    guard status.st_mode & 0o077 == 0 else {
      throw RecoverError(
        .missingRequirement, "the key \(path) can be read by others", hint: "chmod 600 \(ShellWord.quoted(path))")
    }
    return try SigningKey(pem: String(decoding: try RunDirectory.read(path), as: UTF8.self), path: path)
  }

  /// A key that checks signatures.
  package static func verifying(_ path: String) throws -> VerifyingKey {
    try VerifyingKey(pem: String(decoding: try RunDirectory.read(path), as: UTF8.self), path: path)
  }
}
