internal import Crypto
internal import FoundationEssentials

/// An Ed25519 key that signs (RFC 8032), as `openssl genpkey -algorithm ed25519` writes it (PKCS #8 in PEM, RFC 8410).
package struct SigningKey: Sendable {
  private let key: Curve25519.Signing.PrivateKey

  /// What stands before the 32 bytes of a private key (RFC 8410, section 7).
  private static let header: [UInt8] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20]

  /// - Throws: ``RecoverError`` `usage` for what is no such key.
  package init(pem: String, path: String) throws {
    guard let bytes = PEMText.bytes(of: pem, label: "PRIVATE KEY"), bytes.starts(with: Self.header),
      bytes.count == Self.header.count + 32,
      let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes.dropFirst(Self.header.count))
    else {
      throw RecoverError(
        .usage, "\(path) is no Ed25519 key", hint: "make one with: openssl genpkey -algorithm ed25519 -out \(path)")
    }
    self.key = key
  }

  package func signature(of bytes: [UInt8]) throws -> [UInt8] { Array(try key.signature(for: bytes)) }
}

/// An Ed25519 key that checks signatures, as `openssl pkey -pubout` writes it.
package struct VerifyingKey: Sendable {
  private let key: Curve25519.Signing.PublicKey

  /// What stands before the 32 bytes of a public key (RFC 8410, section 4).
  private static let header: [UInt8] = [0x30, 0x2a, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 3, 0x21, 0]

  /// - Throws: ``RecoverError`` `usage` for what is no such key.
  package init(pem: String, path: String) throws {
    guard let bytes = PEMText.bytes(of: pem, label: "PUBLIC KEY"), bytes.starts(with: Self.header),
      bytes.count == Self.header.count + 32,
      let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes.dropFirst(Self.header.count))
    else {
      throw RecoverError(
        .usage, "\(path) is no Ed25519 public key", hint: "write it with: openssl pkey -in KEY -pubout -out \(path)")
    }
    self.key = key
  }

  package func isValid(_ signature: [UInt8], for bytes: [UInt8]) -> Bool { key.isValidSignature(signature, for: bytes) }
}

/// Text armour of keys (RFC 7468).
private enum PEMText {
  static func bytes(of text: String, label: String) -> [UInt8]? {
    let lines = text.split(whereSeparator: \.isNewline)
    guard let begin = lines.firstIndex(of: "-----BEGIN \(label)-----"),
      let end = lines[begin...].firstIndex(of: "-----END \(label)-----")
    else { return nil }
    return Data(base64Encoded: lines[(begin + 1)..<end].joined()).map { Array($0) }
  }
}
