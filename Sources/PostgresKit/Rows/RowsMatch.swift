internal import RecoverBase

/// How the rows of a backup's table and those of the live one belong together: by which key, in which columns.
///
/// Decided once, at the inspection; what is inserted and what an undo deletes follow from it.
package struct RowsMatch: Sendable, Hashable, Codable {
  /// What becomes of the live table's own triggers.
  package enum Triggers: String, Sendable, Hashable, Codable, CaseIterable {
    /// They fire, as for any INSERT.
    case fire
    /// They are disabled for the time of the insertion, in its transaction: nobody else writes to the table meanwhile.
    case skip
  }

  package var table: SQLName
  package var liveOID: UInt32
  var isPartitioned: Bool
  /// Whether a row that breaks another unique constraint can't be passed over.
  var hasDeferrableKey: Bool
  /// The name of the unique index, and its columns.
  package var key: String
  package var keyColumns: [KeyColumn]
  /// The columns that the backup and the live table share, without those that the live table computes.
  package var columns: [Column]
  /// Every column of the live table, by which a row is known to be unchanged.
  var liveColumns: [String]
  var sequences: [Sequence]
  /// Those that fire for an INSERT.
  package var triggers: [String]
  package var firing: Triggers
  /// What people should know, each one line.
  package var remarks: [String]

  package struct Column: Sendable, Hashable, Codable {
    package var name: String
    /// The live type, where the backup has another one.
    var conversion: String?

    /// Whether a conversion into or from a type of dates and times means something else under other settings
    /// (PostgreSQL, "Date/Time Types"); another precision of one type does not.
    static func dependsOnSettings(_ one: String, _ other: String) -> Bool {
      func family(_ type: String) -> String? {
        let word = type.prefix { $0 != " " && $0 != "(" && $0 != "[" }
        guard ["date", "time", "timestamp", "interval"].contains(word) else { return nil }
        return type.contains("with time zone") ? "\(word) with time zone" : String(word)
      }
      return family(one) != family(other)
    }
  }

  struct Sequence: Sendable, Hashable, Codable {
    var column: String
    /// Quoted.
    var name: String
  }
}

extension RowsMatch {
  /// Matches a live table with the backup's, as both are now.
  ///
  /// - Parameters:
  ///   - staged: the backup's table, made beside the live one; its columns alone count.
  ///   - key: the name of a unique key; nil for the primary key.
  ///   - firing: what becomes of triggers; nil where nobody said.
  /// - Throws: ``RecoverError`` `usage` for a key or triggers that have to be chosen, `missingRequirement` for columns
  ///   that do not fit.
  package init(_ target: RowsTarget, staged: RowsTarget, key asked: String?, firing: Triggers?) throws {
    let key = try target.key(asked)
    let names = target.triggers ?? []
    guard names.isEmpty || firing != nil else {
      throw RecoverError(
        .usage, "\(target.sqlName) has triggers that an INSERT fires: \(names.joined(separator: ", "))",
        hint: "they fired when the rows were new: --triggers skip leaves them out (writers wait meanwhile), "
          + "--triggers fire fires them again for every row")
    }
    table = target.sqlName
    liveOID = target.oid
    (isPartitioned, hasDeferrableKey) = (target.isPartitioned, target.hasDeferrableKey)
    (self.key, keyColumns) = (key.name, key.columns)
    (triggers, self.firing) = (names, firing ?? .skip)
    liveColumns = target.columns.map(\.name)
    (columns, sequences, remarks) = ([], [], [])
    try match(target, staged)
    if hasDeferrableKey {
      remarks.append("a unique constraint is deferrable: a row that breaks another one than \(self.key) fails the run")
    }
  }

  private mutating func match(_ target: RowsTarget, _ staged: RowsTarget) throws {
    var problems: [String] = []
    for column in target.columns where !column.isGenerated {
      guard let other = staged.columns.first(where: { $0.name.utf8.elementsEqual(column.name.utf8) }) else {
        if keyColumns.contains(where: { $0.name == column.name }) {
          problems.append("the backup has no column \(column.name), which is part of key \(key)")
        } else if column.isNotNull, !column.hasDefault {
          problems.append("the backup has no column \(column.name), which must not be NULL and has no default")
        } else {
          remarks.append(
            "column \(column.name) is not in the backup: \(column.hasDefault ? "it gets its default" : "it is NULL")")
        }
        continue
      }
      let isSame = other.type == column.type
      if !isSame, Column.dependsOnSettings(other.type, column.type) {
        problems.append(
          "column \(column.name) is \(column.type), \(other.type) in the backup: what its values become depends on the "
            + "time zone and date style of whoever converts them")
      } else if !isSame {
        remarks.append("column \(column.name) is \(column.type), converted from the backup's \(other.type)")
      }
      columns.append(Column(name: column.name, conversion: isSame ? nil : column.type))
      if let sequence = column.sequence { sequences.append(Sequence(column: column.name, name: sequence)) }
    }
    for column in staged.columns where !liveColumns.contains(where: { $0.utf8.elementsEqual(column.name.utf8) }) {
      remarks.append("column \(column.name) of the backup is not in the live table: its values are left out")
    }
    guard problems.isEmpty else {
      throw RecoverError(
        .missingRequirement, "rows can't be added to \(table): \(problems.joined(separator: "; "))",
        hint: "--table \(table) --into NAME restores them to a new database")
    }
  }
}

// MARK: SQL

/// In all of it `l` is the live table and `s` the backup's, staged beside it.
extension RowsMatch {
  /// The live table; rows of tables that inherit from it are not its own.
  var live: String {
    (isPartitioned ? "" : "ONLY ") + Quoting.identifier(table.schema ?? "", table.name)
  }

  /// A value of the backup in the live type.
  private func value(_ column: Column, of alias: String) -> String {
    let name = "\(alias).\(Quoting.identifier(column.name))"
    return column.conversion.map { "CAST(\(name) AS \($0))" } ?? name
  }

  private func value(_ name: String, of alias: String) -> String {
    columns.first { $0.name == name }.map { value($0, of: alias) } ?? "NULL"
  }

  var columnList: String { columns.map { Quoting.identifier($0.name) }.joined(separator: ", ") }
  /// The backup's values of ``columnList``.
  func values(of alias: String) -> String { columns.map { value($0, of: alias) }.joined(separator: ", ") }

  /// The same of a part of the columns, under their own names.
  func namedValues(of alias: String) -> String {
    columns.map { "\(value($0, of: alias)) AS \(Quoting.identifier($0.name))" }.joined(separator: ", ")
  }

  /// The key of a live or a kept row.
  func keyList(of alias: String) -> String {
    keyColumns.map { "\(alias).\(Quoting.identifier($0.name))" }.joined(separator: ", ")
  }

  /// Whether two rows with the live types have the same key.
  func sameKey(_ left: String, _ right: String) -> String {
    keyColumns.map { column in
      let name = Quoting.identifier(column.name)
      return "\(left).\(name) \(column.equals) \(right).\(name)"
    }.joined(separator: " AND ")
  }

  /// Whether a live row and one of the backup's have the same key.
  var matches: String {
    keyColumns.map { "l.\(Quoting.identifier($0.name)) \($0.equals) \(value($0.name, of: "s"))" }
      .joined(separator: " AND ")
  }

  /// Whether no live row has the key of `s`.
  var isMissing: String { "NOT EXISTS (SELECT FROM \(live) AS l WHERE \(matches))" }

  /// Whether a live row differs from the one of the backup in a column that both have.
  var differs: String {
    let own = columns.map { "l.\(Quoting.identifier($0.name))" }.joined(separator: ", ")
    return "ROW(\(own))::text IS DISTINCT FROM ROW(\(values(of: "s")))::text"
  }

  /// What tells that a live row is as it was.
  var fingerprint: String {
    let all = liveColumns.map { "l.\(Quoting.identifier($0))" }.joined(separator: ", ")
    return "pg_catalog.md5(ROW(\(all))::text)::uuid"
  }

  /// Whether a live row is as it was inserted, by what was kept of it as `k`.
  ///
  /// What is in a column that the table got since is somebody's, also where it came as a default.
  var isUnchanged: String {
    let known = liveColumns.map(Quoting.literal).joined(separator: ", ")
    return "\(fingerprint) IS NOT DISTINCT FROM k.\(RowsKept.fingerprint)"
      + " AND pg_catalog.jsonb_strip_nulls(pg_catalog.to_jsonb(l) - ARRAY[\(known)]::text[]) = '{}'::jsonb"
  }

  /// The key of a row for people: `(7, eu)`.
  func keyText(of alias: String, isStaged: Bool = false) -> String {
    let parts = keyColumns.map { column in
      (isStaged ? value(column.name, of: alias) : "\(alias).\(Quoting.identifier(column.name))") + "::text"
    }
    return "pg_catalog.concat_ws(', ', \(parts.joined(separator: ", ")))"
  }

  /// Adds what lacks; what another unique constraint refuses is passed over.
  func insertion(from staged: String) -> String {
    // Deferrable constraints can't be what a conflict is told by, so that only the key is.
    let arbiter =
      hasDeferrableKey ? " (\(keyColumns.map { Quoting.identifier($0.name) }.joined(separator: ", ")))" : ""
    return
      "INSERT INTO \(Quoting.identifier(table.schema ?? "", table.name)) AS l (\(columnList)) OVERRIDING SYSTEM VALUE "
      + "SELECT \(values(of: "s")) FROM \(staged) AS s WHERE \(isMissing) ON CONFLICT\(arbiter) DO NOTHING"
  }

  /// Up to so many keys are named.
  static let namedKeys = 5
}
