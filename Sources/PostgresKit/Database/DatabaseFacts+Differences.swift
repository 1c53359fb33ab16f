extension DatabaseFacts {
  /// A property in which two databases can differ.
  package enum Property: String, Sendable, Hashable, Codable, CaseIterable {
    case owner, encoding, locale, tablespace, allowsConnections, connectionLimit, isTemplate, grants, settings,
      roleSettings, comment, securityLabels

    /// Whether it is chosen when the database is made, and can't be changed in a transaction.
    package var isFixedAtCreation: Bool {
      switch self {
      case .encoding, .locale, .tablespace: true
      case .owner, .allowsConnections, .connectionLimit, .isTemplate, .grants, .settings, .roleSettings, .comment,
        .securityLabels:
        false
      }
    }

    package var name: String {
      switch self {
      case .owner, .encoding, .locale, .tablespace, .settings, .comment: rawValue
      case .allowsConnections: "allow connections"
      case .connectionLimit: "connection limit"
      case .isTemplate: "is template"
      case .grants: "privileges"
      case .roleSettings: "settings of roles"
      case .securityLabels: "security labels"
      }
    }
  }

  /// The properties in which this database differs from what it should be like, in the order of the cases.
  ///
  /// OID, name, size and the collation's version are nobody's choice and not compared; an untouched ACL equals the
  /// defaults written out.
  package func differs(from expected: DatabaseFacts) -> [Property] {
    Property.allCases.filter { !agrees(with: expected, in: $0) }
  }

  private func agrees(with other: DatabaseFacts, in property: Property) -> Bool {
    switch property {
    case .owner: owner == other.owner
    case .encoding: encoding == other.encoding
    case .locale: locale.sorts(like: other.locale)
    case .tablespace: tablespace == other.tablespace
    case .allowsConnections: allowsConnections == other.allowsConnections
    case .connectionLimit: connectionLimit == other.connectionLimit
    case .isTemplate: isTemplate == other.isTemplate
    case .grants: Set(grants) == Set(other.grants)
    case .settings: Self.mean(settings, other.settings)
    case .roleSettings:
      roleSettings.count == other.roleSettings.count
        && zip(roleSettings, other.roleSettings).allSatisfy {
          $0.role == $1.role && Self.mean($0.settings, $1.settings)
        }
    case .comment: (comment ?? "") == (other.comment ?? "")
    case .securityLabels: securityLabels == other.securityLabels
    }
  }

  private static func mean(_ some: [DatabaseSetting], _ others: [DatabaseSetting]) -> Bool {
    some.count == others.count && zip(some, others).allSatisfy { $0.means($1) }
  }
}
