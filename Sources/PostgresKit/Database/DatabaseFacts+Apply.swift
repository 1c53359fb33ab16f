extension DatabaseFacts {
  /// The changes that give a database the properties that these facts tell, but for those fixed at its creation.
  ///
  /// They run in one transaction, by a superuser or by the owner of old and new. Running them twice changes nothing.
  ///
  /// - Parameters:
  ///   - name: of the database that is changed.
  ///   - present: what it is like now.
  ///   - roles: those that we can become with SET ROLE, which may then alter their own settings.
  func changes(to name: String, present: DatabaseFacts, roles: Set<String>) -> ChangePlan {
    let database = Quoting.identifier(name)
    var plan = ChangePlan()
    if present.owner != owner {
      let sql = "ALTER DATABASE \(database) OWNER TO \(Quoting.identifier(owner))"
      plan.changes.append(DatabaseChange(sql, .owner(owner)))
    }
    if present.acl != acl || present.owner != owner {
      // The change of the owner has turned the old owner's entries into the new one's.
      let grants = GrantPlan(database: name, owner: owner, wanted: grants, present: present.grants)
      plan.changes += grants.changes
      plan.unreachable = grants.unreachable
    }
    plan.changes += settingChanges(database, present) + roleSettingChanges(database, present, roles)
    let attributes =
      "ALLOW_CONNECTIONS \(allowsConnections) CONNECTION LIMIT \(connectionLimit) IS_TEMPLATE \(isTemplate)"
    plan.changes.append(DatabaseChange("ALTER DATABASE \(database) WITH \(attributes)", .attributes))
    let comment = comment.map(Quoting.literal) ?? "NULL"
    plan.changes.append(DatabaseChange("COMMENT ON DATABASE \(database) IS \(comment)", .comment))
    plan.changes += labelChanges(database, present)
    return plan
  }

  private func settingChanges(_ database: String, _ present: DatabaseFacts) -> [DatabaseChange] {
    guard present.settings != settings else { return [] }
    let reset = DatabaseChange("ALTER DATABASE \(database) RESET ALL", .attributes)
    return (present.settings.isEmpty ? [] : [reset])
      + settings.map { DatabaseChange("ALTER DATABASE \(database) \($0.assignment)", .setting($0.name)) }
  }

  private func roleSettingChanges(
    _ database: String, _ present: DatabaseFacts, _ roles: Set<String>
  ) -> [DatabaseChange] {
    guard present.roleSettings != roleSettings else { return [] }
    let resets = present.roleSettings.map { ($0.role, "RESET ALL") }
    let assignments = roleSettings.flatMap { entry in entry.settings.map { (entry.role, $0.assignment) } }
    return (resets + assignments).flatMap { role, action in
      let name = Quoting.identifier(role)
      let statement = "ALTER ROLE \(name) IN DATABASE \(database) \(action)"
      let sql = roles.contains(role) ? ["SET LOCAL ROLE \(name)", statement, "RESET ROLE"] : [statement]
      return sql.map { DatabaseChange($0, .roleSettings(role)) }
    }
  }

  private func labelChanges(_ database: String, _ present: DatabaseFacts) -> [DatabaseChange] {
    guard present.securityLabels != securityLabels else { return [] }
    func change(_ provider: String, _ label: String) -> DatabaseChange {
      let sql = "SECURITY LABEL FOR \(Quoting.identifier(provider)) ON DATABASE \(database) IS \(label)"
      return DatabaseChange(sql, .label(provider: provider))
    }
    let kept = Set(securityLabels.map(\.provider))
    return present.securityLabels.filter { !kept.contains($0.provider) }.map { change($0.provider, "NULL") }
      + securityLabels.map { change($0.provider, Quoting.literal($0.label)) }
  }
}

/// The changes that make a database what it shall be, and what they can't do.
struct ChangePlan: Sendable, Hashable {
  var changes: [DatabaseChange] = []
  /// Privileges whose grantor has none to give (any more).
  var unreachable: [DatabaseGrant] = []
}
