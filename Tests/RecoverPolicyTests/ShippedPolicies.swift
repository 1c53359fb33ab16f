import RecoverPolicy

/// The policies that the repository ships, as files.
enum ShippedPolicies {
  private static let directory =
    "\(#filePath.dropLast("/Tests/RecoverPolicyTests/ShippedPolicies.swift".count))/policies"

  static func text(_ name: String) throws -> String { try TextFile.read("\(directory)/\(name)") }
}
