internal import PostgresKit
internal import RecoverBase
internal import RecoverCore

extension DatabaseWork {
  /// Refuses while another run is at work on the same database, wherever that was started, living or dead.
  ///
  /// Its copies tell: a side database is there until the swap, and the previous one has no end to its retention until
  /// the run is accepted.
  ///
  /// - Throws: ``RecoverError`` `claimed`.
  func refuseOtherRuns(_ connection: inout Connection) throws {
    let other = try MarkedDatabase.list(&connection).first { database in
      let breadcrumb = database.breadcrumb
      guard breadcrumb.target == bindings.name, breadcrumb.run != run.text, breadcrumb.run != bindings.undoes else {
        return false
      }
      return switch breadcrumb.role {
      case .side, .restored: true
      case .previous: breadcrumb.retainUntil == nil
      case .failed: false
      }
    }
    guard let other else { return }
    let breadcrumb = other.breadcrumb
    let whenLost =
      breadcrumb.role != .previous
      ? "this drops its copy: recover cleanup --database \(ShellWord.quoted(bindings.url)) --abandoned --confirm "
        + "\(breadcrumb.run) --yes"
      : "\(other.name) is what was live before it, and COMMENT ON DATABASE \(Quoting.identifier(other.name)) IS NULL "
        + "makes it yours"
    throw RecoverError(
      .claimed,
      "database \(bindings.name) is claimed by run \(breadcrumb.run), which was started on \(breadcrumb.host) and left "
        + "\(other.name) behind",
      hint: "resume or cancel that run where it was started; if it is lost for good, \(whenLost)")
  }
}
