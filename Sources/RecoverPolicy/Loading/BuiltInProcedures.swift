internal import RecoverBase
package import RecoverCore

/// The procedures that are part of the program, so that it works with no file at all.
package enum BuiltInProcedures {
  /// The files, by the name that messages call them by.
  package static let files: [(name: String, bytes: [UInt8])] = [
    ("built-in/db.yaml", PackageResources.db_yaml),
    ("built-in/db-in-place.yaml", PackageResources.db_in_place_yaml),
    ("built-in/db-tables.yaml", PackageResources.db_tables_yaml),
    ("built-in/db-rows.yaml", PackageResources.db_rows_yaml),
    ("built-in/files.yaml", PackageResources.files_yaml),
    ("built-in/undo-files.yaml", PackageResources.undo_files_yaml),
    ("built-in/undo.yaml", PackageResources.undo_yaml),
    ("built-in/undo-tables.yaml", PackageResources.undo_tables_yaml),
    ("built-in/undo-rows.yaml", PackageResources.undo_rows_yaml),
    ("built-in/rollback.yaml", PackageResources.rollback_yaml),
    ("built-in/deploy.yaml", PackageResources.deploy_yaml),
  ]

  /// All of them, by name.
  ///
  /// - Throws: ``RecoverError`` `policyInvalid` for a file that a test should have found.
  package static func load() throws -> [String: Procedure] {
    var procedures: [String: Procedure] = [:]
    for file in files {
      let procedure = try PolicyParser.procedure(String(decoding: file.bytes, as: UTF8.self), file: file.name)
      procedures[procedure.name] = procedure
    }
    return procedures
  }
}
